// Reads diagrams from standard input, a JSON list of texts, and prints for each what Mermaid's parser says: null or an error.
import { readFileSync } from "node:fs";
import mermaid from "mermaid";

const found = [];
for (const text of JSON.parse(readFileSync(0, "utf-8"))) {
  try {
    await mermaid.parse(text);
    found.push(null);
  } catch (error) {
    found.push(String(error.message ?? error));
  }
}
console.log(JSON.stringify(found));
