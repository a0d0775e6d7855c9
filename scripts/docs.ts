import { readDocuments, writeDocument } from "./documents/files.ts";

/** Writes what the code says into the generated blocks of the documents. A test fails when one is stale. */
for (const document of await readDocuments()) {
  if (document.filled === document.text) continue;
  await writeDocument(document);
  console.log(`wrote ${document.path}`);
}
