/** Servers of other projects on loopback: each as a process with a directory of its own, and not as root. */
import type { ChildProcess } from "node:child_process"
import { spawn } from "node:child_process"
import { once } from "node:events"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import process from "node:process"
import { until } from "../servers.ts"

export interface Service {
  readonly port: number
  readonly stop: () => Promise<void>
}

/** The user of the tests; where that is root, the system's user without rights: PostgreSQL refuses to run as root. */
export const USER: { readonly uid: number; readonly gid: number } | undefined = process.getuid?.() === 0
  ? { uid: 65_534, gid: 65_534 }
  : undefined

/** A directory that the server's user owns. */
export function ownDirectory(parent = os.tmpdir()): string {
  const directory = fs.mkdtempSync(path.join(parent, "fairlead-service-"))
  if (USER !== undefined) fs.chownSync(directory, USER.uid, USER.gid)
  return directory
}

/** Starts a server, and waits until it prints what matches. */
export async function begin(
  file: string,
  args: ReadonlyArray<string>,
  directory: string,
  isReady: RegExp
): Promise<{ readonly child: ChildProcess; readonly stop: () => Promise<void> }> {
  const child = spawn(file, args, { cwd: directory, stdio: ["ignore", "pipe", "pipe"], env: {}, ...USER })
  let said = ""
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said += chunk))
  const closed = once(child, "close")
  const stop = async () => {
    child.kill("SIGKILL")
    await closed
    fs.rmSync(directory, { recursive: true, force: true })
  }
  await until(`${path.basename(file)} is ready`, () => isReady.test(said) || child.exitCode !== null, 30_000)
  if (child.exitCode === null) return { child, stop }
  await stop()
  throw new Error(`${file} ended: ${said}`)
}
