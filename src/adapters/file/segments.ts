/** Segment files in a directory: finding, numbering, compressing, letting go. */
import * as fs from "node:fs"
import * as fsp from "node:fs/promises"
import * as path from "node:path"
import { pipeline } from "node:stream/promises"
import * as zlib from "node:zlib"
import { segmentOf } from "../../log/Segment.ts"

export interface SegmentFile {
  readonly segment: number
  readonly path: string
  readonly compressed: boolean
}

/** The segments of a directory in order. Where a crash left a segment both plain and compressed, the plain one counts. */
export async function list(directory: string): Promise<ReadonlyArray<SegmentFile>> {
  const found = new Map<number, SegmentFile>()
  for (const name of (await fsp.readdir(directory)).sort()) {
    const segment = segmentOf(name)
    if (segment === undefined || found.has(segment)) continue
    found.set(segment, { segment, path: path.join(directory, name), compressed: name.endsWith(".gz") })
  }
  return [...found.values()].sort((a, b) => a.segment - b.segment)
}

/** Replaces a closed segment by its compressed form, of the same age; a crash in between leaves the plain one whole. */
export async function compress(file: SegmentFile): Promise<void> {
  const target = `${file.path}.gz`
  const partial = `${target}.tmp`
  await pipeline(fs.createReadStream(file.path), zlib.createGzip(), fs.createWriteStream(partial, { mode: 0o600 }))
  const { atime, mtime } = await fsp.stat(file.path)
  await fsp.utimes(partial, atime, mtime)
  await fsp.rename(partial, target)
  await fsp.unlink(file.path)
}

/** Removes the oldest segments beyond `keep` and all older than `maxAgeMs`, never `current`. */
export async function prune(directory: string, current: number, keep: number, maxAgeMs: number): Promise<void> {
  const older = (await list(directory)).filter(({ segment }) => segment !== current)
  const surplus = older.length + 1 - keep
  for (const [i, file] of older.entries()) {
    const { mtimeMs } = await fsp.stat(file.path)
    if (i < surplus || Date.now() - mtimeMs > maxAgeMs) await fsp.unlink(file.path)
  }
}
