/** Writes the exports of package.json and deno.json from tools/build/entries.ts: `node tools/entries.ts`. */
import { writeFileSync } from "node:fs"
import * as path from "node:path"
import { outdated, ROOT } from "./build/entries.ts"

for (const [file, text] of outdated()) writeFileSync(path.join(ROOT, file), text)
