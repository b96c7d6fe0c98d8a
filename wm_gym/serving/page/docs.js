// Lists the requests of openapi.json, with the schema of what they take.

const schema = await (await fetch("/openapi.json")).json();

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

function taken(request) {
  const content = request.requestBody?.content?.["application/json"];
  const name = content?.schema?.$ref?.split("/").pop();
  return name ? schema.components.schemas[name].properties : null;
}

for (const [path, methods] of Object.entries(schema.paths)) {
  for (const [method, request] of Object.entries(methods)) {
    const takes = taken(request);
    document.getElementById("requests").append(
      element("h2", `${method.toUpperCase()} ${path}`),
      element("p", request.description ?? request.summary),
      ...(takes ? [element("pre", JSON.stringify(takes, null, 2))] : []),
    );
  }
}
