/** Segment files in a directory: how they are found, numbered, compressed and removed. */
import { Buffer } from "node:buffer"
import * as fsp from "node:fs/promises"
import * as path from "node:path"
import { segmentOf } from "../../record/Segment.ts"
import { appendToExisting, overwrite } from "./calls.ts"
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
 * the signal, which ends this within one call to the disk.
 */
export async function compress(file: SegmentFile, disk: Disk, signal?: AbortSignal): Promise<void> {
  const partial = partOf(file.path)
  // First, so that nothing is left behind for a file that is gone.
  const { atime, mtime } = await disk.within(() => fsp.stat(file.path))
  try {
    await disk.within(() => overwrite(partial, Buffer.alloc(0)))
    await gzip(file.path, disk, (packed) => disk.within(() => appendToExisting(partial, packed)), signal)
    await disk.within(() => fsp.utimes(partial, atime, mtime))
    await disk.within(() => fsp.rename(partial, `${file.path}.gz`))
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

/**
 * Removes the oldest segments beyond `segments`, and all that are older than `maxAgeMs`, but never `current`. `release` ends
 * the compression of one. What a compression that was killed left of it goes too.
 */
export async function prune(
  directory: string,
  current: number,
  { segments, maxAgeMs }: SegmentLimits,
  disk: Disk,
  release: (segment: number) => Promise<void>
): Promise<void> {
  const all = await disk.within(() => list(directory))
  for (const [i, { segment, path }] of all.entries()) {
    if (segment === current) continue
    const isSurplus = i < all.length - segments
    if (!isSurplus && !await isOlder(path, maxAgeMs, disk)) continue
    await release(segment)
    const plain = path.replace(/\.gz$/, "")
    for (const file of [partOf(plain), `${plain}.gz`, plain]) await disk.within(() => fsp.unlink(file)).catch(unlessGone)
  }
}

/** A file that is gone is no older: it was just compressed, and is looked at the next time. */
async function isOlder(path: string, ms: number, disk: Disk): Promise<boolean> {
  try {
    return Date.now() - (await disk.within(() => fsp.stat(path))).mtimeMs > ms
  } catch (cause) {
    unlessGone(cause)
    return false
  }
}

export const isGone = (cause: unknown): boolean => (cause as NodeJS.ErrnoException).code === "ENOENT"

function unlessGone(cause: unknown): void {
  if (!isGone(cause)) throw cause
}

/** The file that becomes the compressed form of a plain one. */
const partOf = (plain: string): string => `${plain}.gz.tmp`
