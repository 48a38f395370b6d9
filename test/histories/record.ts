/**
 * Makes the recorded histories anew: `node test/histories/record.ts`. Only for a new model version, whose changed decisions
 * were reviewed; otherwise a history that no longer replays is a bug, not a reason to record it again.
 */
import * as fs from "node:fs"
import { historyFile, recordOf, worlds } from "./worlds.ts"

for (const world of worlds) {
  recordOf(world).forEach((text, i) => {
    const file = historyFile(world.name, i + 1)
    fs.writeFileSync(new URL(file, import.meta.url), text)
    console.log(`${file}: ${text.length} bytes, ${text.split("\n").length - 1} lines`)
  })
}
