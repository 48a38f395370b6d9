/**
 * Compresses a file in one buffer that is used again for each read. A stream of the runtime makes a new buffer for each read, and
 * the process keeps that memory: after a segment of 33 MB that was 30 MB more on Node.
 */
import { Buffer } from "node:buffer"
import { once } from "node:events"
import * as fsp from "node:fs/promises"
import * as zlib from "node:zlib"
import type { Disk } from "./Disk.ts"

const READ_BYTES = 65_536

/**
 * Gives the compressed bytes to `take`, in order, and waits for it. Rejects with the first failure of the disk or of `take`, or
 * before the next read when the signal comes.
 */
export async function gzip(
  path: string,
  disk: Disk,
  take: (packed: Buffer) => Promise<void>,
  signal?: AbortSignal
): Promise<void> {
  const packer = zlib.createGzip()
  // `write` and `once` tell of a failure. Without a listener it would end the process as well.
  packer.on("error", () => {})
  let packed: Array<Buffer> = []
  packer.on("data", (chunk: Buffer) => packed.push(chunk))
  const taken = async () => {
    const bytes = Buffer.concat(packed)
    packed = []
    if (bytes.length > 0) await take(bytes)
  }
  let opening: Promise<fsp.FileHandle> | undefined
  try {
    const source = await disk.within(() => opening = fsp.open(path))
    const room = Buffer.alloc(READ_BYTES)
    for (;;) {
      signal?.throwIfAborted()
      const { bytesRead } = await disk.within(() => source.read(room, 0, room.length))
      if (bytesRead === 0) break
      await write(packer, room.subarray(0, bytesRead))
      await taken()
    }
    packer.end()
    await once(packer, "end")
    await taken()
  } finally {
    packer.destroy()
    // Also a file that is open only after its time limit.
    const closed = opening?.then((source) => source.close()).catch(() => {}) ?? Promise.resolve()
    await disk.within(() => closed).catch(() => {})
  }
}

/** Resolves once the packer has read all of `bytes`. */
const write = (packer: zlib.Gzip, bytes: Buffer): Promise<void> =>
  new Promise((resolve, reject) => packer.write(bytes, (cause) => cause == null ? resolve() : reject(cause)))
