/** Segment files in a directory: how they are found, numbered, compressed and removed. */
import { Buffer } from "node:buffer"
import * as fsp from "node:fs/promises"
import * as path from "node:path"
import { segmentOf } from "../../record/Segment.ts"
import { append, overwrite } from "./calls.ts"
import type { Disk } from "./Disk.ts"
import { gzip } from "./gzip.ts"

export interface SegmentFile {
  readonly segment: number
  readonly path: string
  readonly compressed: boolean
}

/** The segments of a directory in order. Where a crash left both forms of a segment, the plain one counts. */
export async function list(directory: string): Promise<ReadonlyArray<SegmentFile>> {
  const found = new Map<number, SegmentFile>()
  for (const name of (await fsp.readdir(directory)).sort()) {
    const segment = segmentOf(name)
    if (segment === undefined || found.has(segment)) continue
    found.set(segment, { segment, path: path.join(directory, name), compressed: name.endsWith(".gz") })
  }
  return [...found.values()].sort((a, b) => a.segment - b.segment)
}

/**
 * Replaces a closed segment by its compressed form of the same age. A crash in between leaves the plain one whole, and so does
 * the signal, which ends this within one write.
 */
export async function compress(file: SegmentFile, disk: Disk, signal?: AbortSignal): Promise<void> {
  const target = `${file.path}.gz`
  const partial = `${target}.tmp`
  // First, so that nothing is left behind for a file that is gone.
  const { atime, mtime } = await disk.within(() => fsp.stat(file.path))
  try {
    await disk.within(() => overwrite(partial, Buffer.alloc(0)))
    await gzip(file.path, disk, async (packed) => {
      signal?.throwIfAborted()
      await disk.within(() => append(partial, packed))
    })
    await disk.within(() => fsp.utimes(partial, atime, mtime))
    await disk.within(() => fsp.rename(partial, target))
  } catch (cause) {
    await disk.within(() => fsp.unlink(partial)).catch(() => {})
    throw cause
  }
  await disk.within(() => fsp.unlink(file.path))
}

/** The limits of a directory of segments. */
export interface SegmentLimits {
  readonly segments: number
  readonly maxAgeMs: number
}

/** Removes the oldest segments beyond `segments`, and all that are older than `maxAgeMs`, but never `current`. */
export async function prune(
  directory: string,
  current: number,
  { segments, maxAgeMs }: SegmentLimits,
  disk: Disk
): Promise<void> {
  const older = (await disk.within(() => list(directory))).filter(({ segment }) => segment !== current)
  const surplus = older.length + 1 - segments
  for (const [i, file] of older.entries()) {
    const { mtimeMs } = await disk.within(() => fsp.stat(file.path))
    if (i < surplus || Date.now() - mtimeMs > maxAgeMs) await disk.within(() => fsp.unlink(file.path))
  }
}
