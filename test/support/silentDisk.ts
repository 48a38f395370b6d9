/** A real disk, by FUSE, that a test can stop from answering. */
import { spawn, spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import process from "node:process"
import { unable } from "./able.ts"
import { binaryOf, inScratch, ROOT } from "./command.ts"
import { until } from "./servers.ts"

export interface SilentDisk {
  readonly directory: string
  /** Makes every call to the disk wait; no file of it is open when this begins. */
  readonly silence: () => Promise<void>
  readonly speak: () => void
  /** The calls that synced and renamed files, in order. */
  readonly told: () => ReadonlyArray<string>
}

/** Gives a disk to `use`; without FUSE the test is skipped, or fails if REQUIRE names `fuse`. */
export const onSilentDisk = (
  context: { readonly skip: (note?: string) => never },
  use: (disk: SilentDisk, directory: string) => Promise<void>
) =>
  inScratch(async (scratch) => {
    if (!fs.existsSync("/dev/fuse")) return unable(context, "fuse", "there is no /dev/fuse here")
    const directory = path.join(scratch, "disk")
    fs.mkdirSync(directory)
    const child = spawn(binaryOf("node"), [path.join(ROOT, "test/support/fuseDisk.ts"), directory], {
      stdio: ["ignore", "pipe", "ignore"]
    })
    const pid = child.pid as number
    let said = ""
    let over = false
    child.stdout.setEncoding("utf8").on("data", (text) => (said += text))
    const ended = new Promise<void>((resolve) => child.once("close", () => resolve(void (over = true))))
    try {
      await until("the disk is mounted", () => said.includes("mounted") || over, 20_000)
      if (over) return unable(context, "fuse", "no disk can be mounted by FUSE here")
      await use({
        directory,
        silence: async () => {
          const times = said.split("silent").length
          await fs.promises.stat(path.join(directory, ".silent")).catch(() => {})
          await until("the disk is silent", () => said.split("silent").length > times)
        },
        speak: () => void process.kill(pid, "SIGCONT"),
        told: () => said.split("\n").slice(1, -1)
      }, scratch)
    } finally {
      // Calls that still wait fail when its process is killed.
      if (!over) process.kill(pid, "SIGKILL")
      await ended
      spawnSync("umount", ["-l", directory])
    }
  })
