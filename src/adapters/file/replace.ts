/**
 * Replaces a file as a whole, durably: what was written is on the disk before its name leads to it, and the name is before this
 * returns. Whatever cuts it short leaves the file before.
 */
import { Buffer } from "node:buffer"
import * as fsp from "node:fs/promises"
import * as path from "node:path"
import process from "node:process"
import { writeNew } from "./calls.ts"

export async function replace(target: string, text: string): Promise<void> {
  const beside = `${target}.new`
  // What a crash left behind may have any owner and mode.
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
