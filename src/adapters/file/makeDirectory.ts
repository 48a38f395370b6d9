/**
 * Makes a directory and its parents, for this user alone. The runtimes' own recursive call blocks Deno's main thread, and never
 * ends on Node where the system refuses new directories by ENOENT, as below /proc.
 */
import * as fsp from "node:fs/promises"
import * as path from "node:path"

export async function makeDirectory(directory: string): Promise<void> {
  try {
    await makeOne(directory)
  } catch (cause) {
    const above = path.dirname(directory)
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT" || above === directory) throw cause
    await makeDirectory(above)
    await makeOne(directory)
  }
}

async function makeOne(directory: string): Promise<void> {
  try {
    await fsp.mkdir(directory, { mode: 0o700 })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause
  }
}
