async function read() {
  const packed = atob(document.getElementById("data").textContent.trim());
  const bytes = Uint8Array.from(packed, (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).json();
}

function add(parent, tag, text) {
  const element = document.createElement(tag);
  element.textContent = text;
  parent.append(element);
}

read().then((data) => {
  const page = document.getElementById("page");
  add(page, "h1", `${data.run.name}: ${data.run.verdict}`);
  add(page, "p", data.run.why);
  for (const finding of data.findings) add(page, "p", `${finding.check}: ${finding.says}`);
});
