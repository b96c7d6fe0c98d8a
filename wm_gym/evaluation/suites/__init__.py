"""Suites of promptable events: scenarios, what they must show, and a judge that looks at shown frames alone."""
