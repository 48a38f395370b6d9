/**
 * Writes to a standard stream without blocking the main thread. Deno's version of Node's call blocks it while the stream has no
 * reader.
 */
import { Buffer } from "node:buffer"
import * as fs from "node:fs"
import { withoutLimit } from "../file/Disk.ts"

/** A standard stream that another program made non-blocking is full for a moment. */
const AGAIN_MS = 10

interface Stream {
  readonly write: (bytes: Uint8Array) => Promise<number>
}
const deno = (globalThis as { readonly Deno?: { readonly stdout: Stream; readonly stderr: Stream } }).Deno

export const writeStandard = (fd: 1 | 2, bytes: Buffer): Promise<void> =>
  withoutLimit(async () => {
    let written = 0
    while (written < bytes.length) written += await writeSome(fd, bytes.subarray(written))
  })

function writeSome(fd: 1 | 2, bytes: Buffer): Promise<number> {
  if (deno !== undefined) return (fd === 1 ? deno.stdout : deno.stderr).write(bytes)
  return new Promise<number>((resolve, reject) => {
    fs.write(fd, bytes, 0, bytes.length, null, (error, count) => {
      if (error === null || error === undefined) return resolve(count)
      if (error.code !== "EAGAIN") return reject(error)
      setTimeout(() => resolve(0), AGAIN_MS)
    })
  })
}
