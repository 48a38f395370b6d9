/** Replay from web streams: the same verdict as from a file, however the bytes are cut, and limits that hold. */
import { assert, describe, it } from "vitest"
import { gzipSync } from "node:zlib"
import type { SegmentSource } from "../../src/edge.ts"
import { RecordTooLargeError, replayRecord } from "../../src/edge.ts"
import { linesOf, replayed, textOf } from "../support/segments.ts"
import { busyRecord } from "./busyRecord.ts"

const text = busyRecord(150)

function segmentOf(bytes: Uint8Array, pieceBytes: number, compressed = false): SegmentSource {
  let at = 0
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      if (at >= bytes.length) return controller.close()
      controller.enqueue(bytes.subarray(at, at + pieceBytes))
      at += pieceBytes
    }
  })
  return { segment: 1, body, compressed }
}
const plain = (of: string, pieceBytes = 4_096) => segmentOf(new TextEncoder().encode(of), pieceBytes)

describe("replayRecord", () => {
  it.each([13, 4_096, 1 << 20])(
    "gives the verdict of the file from pieces of %d bytes, plain and compressed",
    async (piece) => {
      const expected = replayed([text])
      assert.strictEqual(expected.outcome, "verified")
      assert.deepStrictEqual(await replayRecord([plain(text, piece)]), expected)
      assert.deepStrictEqual(await replayRecord([segmentOf(gzipSync(text), piece, true)]), expected)
    }
  )

  it("finds a changed line, a torn end and a byte order mark as the command does", async () => {
    const lines = linesOf(text)
    const changed = textOf(lines.with(40, lines[40]!.replace('"seq":', '"seq": ')))
    const torn = `${textOf(lines.slice(0, 100))}{"seq":9é`
    for (const [record, outcome] of [[changed, "altered"], [torn, "verified"], [`\uFEFF${text}`, "altered"]] as const) {
      const verdict = await replayRecord([plain(record, 64)])
      assert.strictEqual(verdict.outcome, outcome)
      assert.deepStrictEqual(verdict, replayed([record]))
    }
  })

  it("says that a compressed segment is damaged", async () => {
    const bytes = gzipSync(text)
    const verdict = await replayRecord([segmentOf(bytes.subarray(0, bytes.length / 2), 512, true)])
    assert.deepInclude(verdict, { outcome: "altered" })
    assert.match(verdict.problem?.what ?? "", /cannot be read to its end/)
  })

  it("reads no more than maxBytes, after decompression, over all segments", async () => {
    const bomb = gzipSync(`${text}${"x".repeat(1 << 20)}`)
    for (const source of [plain(text), segmentOf(bomb, 512, true)]) {
      const failed = await replayRecord([source], { maxBytes: 10_000 }).then(() => undefined, (cause) => cause)
      assert.instanceOf(failed, RecordTooLargeError)
      assert.match(failed.message, /more than 10000 bytes/)
    }
    const whole = new TextEncoder().encode(text).length
    assert.strictEqual((await replayRecord([plain(text)], { maxBytes: whole })).outcome, "verified")
  })

  it("stops after `until`", async () => {
    const verdict = await replayRecord([plain(text)], { until: 99 })
    assert.deepInclude(verdict, { outcome: "verified", entries: 100 })
  })
})
