// Reads diagrams (a JSON list on standard input) by Mermaid's own grammar and tells what it made of each.
// Mermaid wants a page: jsdom is one. argv: mermaid.min.js.
const { readFileSync } = require("node:fs");
const { createRequire } = require("node:module");
const vm = require("node:vm");

const [, , mermaidFile, modules] = process.argv;
const { JSDOM } = createRequire(`${modules}/`)("jsdom");
const page = new JSDOM("<!doctype html><body></body>", { runScripts: "outside-only", pretendToBeVisual: true });
page.window.structuredClone = structuredClone;
vm.runInContext(readFileSync(mermaidFile, "utf8"), page.getInternalVMContext());
const { mermaid } = page.window;

async function read(text) {
  try {
    await mermaid.parse(text);
    const { db } = await mermaid.mermaidAPI.getDiagramFromText(text);
    const named = new Map([...db.getEntities()].map(([, entity]) => [entity.id, entity.alias || entity.label]));
    return {
      entities: [...db.getEntities().values()].map((entity) => ({
        title: entity.alias || entity.label,
        attributes: entity.attributes.map(({ type, name, keys, comment }) => ({ type, name, keys, comment })),
      })),
      relationships: db.getRelationships().map((one) => [named.get(one.entityA), named.get(one.entityB), one.roleA]),
    };
  } catch (error) {
    return { error: String(error) };
  }
}

(async () => {
  const found = [];
  for (const text of JSON.parse(readFileSync(0, "utf8"))) {
    found.push(await read(text));
  }
  process.stdout.write(JSON.stringify(found));
})();
