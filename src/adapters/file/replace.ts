/**
 * Replaces a whole file durably. The content is on the disk before the name leads to it, and the name is on the disk before
 * this returns. A replacement that is cut short leaves the file as it was.
 */
import { Buffer } from "node:buffer"
import * as fsp from "node:fs/promises"
import * as path from "node:path"
import process from "node:process"
import { writeNew } from "./calls.ts"

export async function replace(target: string, text: string): Promise<void> {
  const beside = `${target}.new`
  // A file left behind by a crash may have any owner and mode.
  await fsp.rm(beside, { force: true })
  try {
    await writeNew(beside, Buffer.from(text))
    await synced(beside)
  } catch (cause) {
    await fsp.rm(beside, { force: true }).catch(() => {})
    throw cause
  }
  await fsp.rename(beside, target)
  // Windows keeps names by itself, and opens no directory.
  if (process.platform !== "win32") await synced(path.dirname(target), "r")
}

async function synced(file: string, flags = "r+"): Promise<void> {
  const handle = await fsp.open(file, flags)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
