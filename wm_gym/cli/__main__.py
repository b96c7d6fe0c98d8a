"""`python -m wm_gym.cli` is `wm-gym`."""

from wm_gym.cli import main

raise SystemExit(main())
