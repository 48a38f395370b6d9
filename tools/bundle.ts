/** Bundles the command for `npm start` and `deno task start`: `node tools/bundle.ts FOLDER STAMP` (tools/setup.mjs calls it). */
import * as fs from "node:fs"
import * as path from "node:path"
import process from "node:process"
import { command } from "./build/command.ts"
import { locked } from "./build/locked.ts"

/** Services under way may load parts of an earlier bundle later. */
const KEPT_MS = 86_400_000

const [folder = "", stamp = ""] = process.argv.slice(2)
await locked(folder, async () => {
  const built = path.join(folder, ".built")
  // Another process made it while this one waited for the lock.
  if (fs.existsSync(built) && fs.readFileSync(built, "utf8") === stamp) return
  const next = path.join(folder, `.next-${process.pid}`)
  try {
    await command(next)
    for (const name of fs.readdirSync(folder)) {
      const file = path.join(folder, name)
      if (name.endsWith(".cjs") && Date.now() - fs.statSync(file).mtimeMs > KEPT_MS) fs.rmSync(file)
    }
    for (const name of fs.readdirSync(path.join(next, "bin"))) {
      fs.renameSync(path.join(next, "bin", name), path.join(folder, name))
    }
    fs.writeFileSync(built, stamp)
  } finally {
    fs.rmSync(next, { recursive: true, force: true })
  }
})
