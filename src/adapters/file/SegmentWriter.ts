/**
 * Writes one segment file: it takes the bodies of lines and writes chained lines. It computes the chain here, in slices, so
 * that clients do not wait for it. The chain covers the written lines alone, so a failed write can be cut off and followed by a
 * gap.
 */
import { Buffer } from "node:buffer"
import * as fsp from "node:fs/promises"
import * as path from "node:path"
import { setImmediate as pause } from "node:timers/promises"
import type { Digest } from "../../core/math/hash.ts"
import { toHex } from "../../core/math/hash.ts"
import { link } from "../../record/codec.ts"
import { fileName } from "../../record/Segment.ts"
import { chainStart } from "../../record/write.ts"
import { nowUs } from "../node/clock.ts"
import { appendToExisting, truncate, writeNew } from "./calls.ts"
import type { Disk } from "./Disk.ts"

/** Time in µs that chaining may take on the thread before other work goes first. */
const SLICE_US = 1_000
/** Lines between two looks at the clock. */
const LINES_PER_LOOK = 16
const WRITE_CHARS = 262_144

export class SegmentWriter {
  readonly path: string
  readonly segment: number
  readonly #disk: Disk
  #chain: Digest
  #bytes = 0
  /** A failed write could not be cut off, so no line may follow it. */
  #torn = false

  private constructor(disk: Disk, segmentPath: string, segment: number) {
    this.#disk = disk
    this.path = segmentPath
    this.segment = segment
    this.#chain = chainStart(segment)
  }

  static async open(disk: Disk, directory: string, segment: number): Promise<SegmentWriter> {
    const segmentPath = path.join(directory, fileName(segment))
    await disk.within(() => writeNew(segmentPath, Buffer.alloc(0)))
    return new SegmentWriter(disk, segmentPath, segment)
  }

  get bytes(): number {
    return this.#bytes
  }

  get chain(): string {
    return toHex(this.#chain)
  }

  /**
   * Appends lines. When a write fails, the file is cut back to its last whole line, and the promise rejects with the failure.
   */
  async write(bodies: Iterable<string>): Promise<void> {
    let chain = this.#chain
    let text = ""
    let lines = 0
    let sinceUs = nowUs()
    for (const body of bodies) {
      const linked = link(chain, body)
      chain = linked.chain
      text += linked.text
      if (text.length >= WRITE_CHARS) {
        await this.#flush(text, chain)
        text = ""
      }
      if (++lines % LINES_PER_LOOK === 0 && nowUs() - sinceUs > SLICE_US) {
        await pause()
        sinceUs = nowUs()
      }
    }
    if (text !== "") await this.#flush(text, chain)
  }

  /** Removes the file. Resolves to whether it is gone. */
  discard(): Promise<boolean> {
    return this.#disk.within(() => fsp.unlink(this.path)).then(() => true, () => false)
  }

  async #flush(text: string, chain: Digest): Promise<void> {
    if (this.#torn) throw Object.assign(new Error("an incomplete write could not be removed"), { code: "EIO" })
    try {
      const bytes = Buffer.from(text)
      // A file that another process removed must not be made again, because its first line would be missing.
      await this.#disk.within(() => appendToExisting(this.path, bytes))
      this.#bytes += bytes.length
      this.#chain = chain
    } catch (cause) {
      await this.#disk.within(() => truncate(this.path, this.#bytes)).catch(() => {
        this.#torn = true
      })
      throw cause
    }
  }
}
