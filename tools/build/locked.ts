/** One build at a time in a folder, over all processes. */
import * as fs from "node:fs"
import * as path from "node:path"
import process from "node:process"

const LOOK_MS = 100

/** Waits while another process holds the lock. A process that has died holds none. */
export async function locked(folder: string, use: () => Promise<void>): Promise<void> {
  fs.mkdirSync(folder, { recursive: true })
  const lock = path.join(folder, ".lock")
  while (!taken(lock)) await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  try {
    await use()
  } finally {
    fs.rmSync(lock, { force: true })
  }
}

function taken(lock: string): boolean {
  try {
    fs.writeFileSync(lock, String(process.pid), { flag: "wx" })
    return true
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause
  }
  const holder = holderOf(lock)
  if (holder !== undefined && !isThere(holder)) fs.rmSync(lock, { force: true })
  return false
}

/** undefined: the lock is gone, or its holder is just writing its id. */
function holderOf(lock: string): number | undefined {
  try {
    return Number(fs.readFileSync(lock, "utf8")) || undefined
  } catch {
    return undefined
  }
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === "EPERM"
  }
}
