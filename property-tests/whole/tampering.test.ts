/** Any change to the lines of a record is found at its place; only a last line that was not finished is forgiven. */
import fc from "fast-check"
import { describe, expect } from "vitest"
import { linesOf, record, replayed, textOf } from "../../test/support/segments.ts"
import { play, script } from "../arbitraries/run.ts"
import { law } from "../check.ts"

interface Damaged {
  readonly texts: ReadonlyArray<string>
  /** The segment, and the line in it, where the damage must show. */
  readonly segment: number
  readonly line: number
}

/** A record of two segments. */
const recorded = fc.tuple(script(25), fc.nat(25)).map(([it, cut]) => {
  const { first, entries } = play(it)
  return record(first, entries, entries.length < 2 ? [] : [1 + (cut % (entries.length - 1))]).texts
})

const where = fc.record({ segment: fc.nat(1), line: fc.nat(1_000), char: fc.nat(100_000) })

type Place = typeof where extends fc.Arbitrary<infer A> ? A : never

function damage(
  texts: ReadonlyArray<string>,
  place: Place,
  change: (lines: Array<string>, line: number) => number
): Damaged {
  const segment = place.segment % texts.length
  const lines = linesOf(texts[segment]!)
  const line = change(lines, place.line)
  return { texts: texts.with(segment, textOf(lines)), segment: segment + 1, line }
}

function expectFound({ texts, segment, line }: Damaged): void {
  const verdict = replayed(texts)
  expect(verdict.outcome).toBe("altered")
  expect(verdict.problem?.segment).toBe(segment)
  // Damage before the first entry shows in the opening, which follows the entry before it, or at that entry.
  const before = texts.slice(0, segment - 1).flatMap(linesOf).filter((text) => text.startsWith('{"seq":')).length
  const within = linesOf(texts[segment - 1]!).slice(0, line).filter((text) => text.startsWith('{"seq":')).length
  const place = within === 0 ? [before - 1, before] : [before + within]
  expect(place).toContain(verdict.problem?.seq)
}

const character = fc.oneof(fc.constantFrom('"', "{", "0", "1", " ", "\n", "}"), fc.string({ minLength: 1, maxLength: 1 }))

describe("a record that was tampered with", () => {
  law(
    "one changed character in any line is found",
    fc.property(recorded, where, character, (texts, place, char) => {
      expectFound(damage(texts, place, (lines, at) => {
        const line = at % lines.length
        const text = lines[line]!
        const i = place.char % text.length
        const other = text[i] === char ? String.fromCharCode(char.charCodeAt(0) ^ 1) : char
        lines[line] = text.slice(0, i) + other + text.slice(i + 1)
        return line
      }))
    })
  )

  law(
    "one added or removed character in any line is found",
    fc.property(recorded, where, fc.option(character), (texts, place, char) => {
      expectFound(damage(texts, place, (lines, at) => {
        const line = at % lines.length
        const text = lines[line]!
        const i = place.char % text.length
        lines[line] = char === null ? text.slice(0, i) + text.slice(i + 1) : text.slice(0, i) + char + text.slice(i)
        return line
      }))
    })
  )

  law(
    "a dropped line that is not the last is found",
    fc.property(recorded, where, (texts, place) => {
      expectFound(damage(texts, place, (lines, at) => {
        const line = at % (lines.length - 1)
        lines.splice(line, 1)
        return line
      }))
    })
  )

  law(
    "two neighbours that changed places are found",
    fc.property(recorded, where, (texts, place) => {
      expectFound(damage(texts, place, (lines, at) => {
        const line = at % (lines.length - 1)
        lines.splice(line, 2, lines[line + 1]!, lines[line]!)
        return line
      }))
    })
  )

  law(
    "a line that stands twice is found",
    fc.property(recorded, where, (texts, place) => {
      expectFound(damage(texts, place, (lines, at) => {
        const line = at % lines.length
        lines.splice(line, 0, lines[line]!)
        return line + 1
      }))
    })
  )

  law(
    "a last line that was not finished is a crash tail: it is cut off, and the rest is verified",
    fc.property(recorded, fc.nat(100_000), (texts, cut) => {
      const lines = linesOf(texts.at(-1)!)
      const last = lines.pop()!
      const torn = last.slice(0, 1 + (cut % last.length))
      const verdict = replayed(texts.with(-1, textOf(lines) + torn))
      expect(verdict).toMatchObject({ outcome: "verified", problem: null })
      expect(verdict.segments.at(-1)).toMatchObject({ end: "crash", tornChars: torn.length })
    })
  )
})
