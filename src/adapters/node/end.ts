/**
 * The end of the process. The runtime waits for calls that a disk has not answered, without a limit. So the process is replaced
 * by one that ends with the same code, or is killed where that fails.
 */
import process from "node:process"
import { isWaiting } from "../file/Disk.ts"

export function end(code: number): void {
  const isStuck = isWaiting() && !("Deno" in globalThis)
  if (!isStuck) return process.exit(code)
  try {
    process.execve?.("/bin/sh", ["sh", "-c", `exit ${code}`], {})
  } catch {
    // On Windows, for example.
  }
  process.kill(process.pid, "SIGKILL")
}
