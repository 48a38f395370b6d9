/** The demo's output, without a terminal. */
import { assert, describe, it } from "vitest"
import { difference } from "../../src/adapters/demo/Screen.ts"
import { plainText } from "../../src/apps/demo/outputs.ts"
import type { Line } from "../../src/apps/demo/spans.ts"
import { paint, span, textOf, wrap } from "../../src/apps/demo/spans.ts"
import { screen } from "../../src/apps/demo/view.ts"
import { FRAME } from "../support/demoFrame.ts"

const drawn = (columns: number, rows: number, unicode = true) =>
  screen(FRAME, { columns, rows, unicode, curves: true }).map((line) => paint(line, false))

describe("the demo's screen", () => {
  it("shows the table, the figures and the story at 80 columns", () => {
    assert.deepStrictEqual(drawn(80, 24), [
      "Fairlead demo  00:31 of 01:00   40 clients/s to each forwarder   3 switches",
      "",
      "address   truth   cost  score  state         warm  open  share of clients",
      "web#1     20 ms   21.3     82  first choice     8     2   96 % ██████████",
      "web#2      dark  174.6     36  shut out         0     0    0 %",
      "web#3     50 ms   47.9     68  in the set       3     0    4 % █",
      "web#4     75 ms   76.0     57  suspect          3     0    0 %",
      "web#5    120 ms      -      -  unmeasured       0     0    0 %",
      "",
      "first byte, last 5 s          p50 ms  p99 ms  served  failed  warm  slowest",
      "Fairlead                          21      38    1213       5  99 %  ▁▁▁▁▁▁▁▁▁▁▁▁",
      "plain forwarder, round robin     122    1103    1124      76     -  ▁▁▁▁▁▁▁▁▁▁▁▁",
      "",
      "00:19  web#2, now the nearest, goes dark: it refuses nothing and answers nothing",
      "00:19    Fairlead sends new clients to web#3 after 0.2 s: web#2 is suspect",
      "00:22    Fairlead serves from web#3 web#4 web#1: web#2 (135 ms) out, shut out;",
      "         web#4 (72 ms) in, for a free place",
      "00:29  web#1 is near again: 90 -> 20 ms"
    ])
  })

  it("shows more columns and longer curves at 160 columns", () => {
    assert.deepStrictEqual(drawn(160, 40).slice(2, 12), [
      "address   truth   cost  score  latency  jitter  success  state         warm  open  share of clients  plain's  cost over time",
      "web#1     20 ms   21.3     82     22.1     0.5    100 %  first choice     8     2   96 % ██████████     25 %   ▃▃▃▇▇▅▃",
      "web#2      dark  174.6     36     22.1     0.5     91 %  shut out         0     0    0 %                 0 %   ▃▃▃▇▇▅▃",
      "web#3     50 ms   47.9     68     22.1     0.5    100 %  in the set       3     0    4 % █              25 %   ▃▃▃▇▇▅▃",
      "web#4     75 ms   76.0     57     22.1     0.5    100 %  suspect          3     0    0 %                25 %   ▃▃▃▇▇▅▃",
      "web#5    120 ms      -      -        -       -        -  unmeasured       0     0    0 %                25 %",
      "",
      "first byte, last 5 s          p50 ms  p99 ms  served  failed  warm  slowest",
      `Fairlead                          21      38    1213       5  99 %  ${" ".repeat(30)}▁▁▁▁▁▁▁▁▁▁█▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁`,
      `plain forwarder, round robin     122    1103    1124      76     -  ${" ".repeat(30)}▁▁▁▁▁▁▁▁▁▁█▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁`
    ])
  })

  it("fits every size, and keeps the newest lines of the story", () => {
    for (const columns of [10, 40, 79, 80, 81, 119, 120, 121, 160, 300]) {
      for (const rows of [1, 10, 15, 24, 60]) {
        const lines = drawn(columns, rows)
        assert.isAtMost(lines.length, rows)
        for (const line of lines) assert.isAtMost([...line].length, columns)
        if (rows >= 15 && columns >= 40) assert.include(lines.at(-1), "web#1 is near again")
      }
    }
  })

  it("is ASCII when the terminal has no Unicode", () => {
    const text = drawn(160, 40, false).join("\n")
    assert.match(text, /^[\x20-\x7e\n]*$/)
    assert.include(text, "96 % ##########")
  })

  it("has colours only when asked, and the same width with them", () => {
    const lines = screen(FRAME, { columns: 80, rows: 24, unicode: true, curves: true })
    const coloured = lines.map((line) => paint(line, true)).join("\n")
    // deno-lint-ignore no-control-regex
    assert.match(coloured, /\x1b\[31m +shut out/)
    // deno-lint-ignore no-control-regex
    assert.strictEqual(coloured.replaceAll(/\x1b\[\d+m/g, "").replaceAll(/ +$/gm, ""), drawn(80, 24).join("\n"))
  })
})

describe("the demo in a file", () => {
  it("has plain lines without control characters", () => {
    const printed: Array<string> = []
    const output = plainText((text) => printed.push(text), 5_000)
    for (const line of FRAME.story) output.tell(line)
    output.show(FRAME)
    const text = printed.join("\n")
    assert.match(text, /^[\x20-\x7e\n]*$/)
    assert.include(text, "00:19    Fairlead sends new clients to web#3 after 0.2 s: web#2 is suspect")
    assert.include(text, "\n      plain forwarder, round robin     122    1103    1124      76     -\n")
  })
})

describe("redrawing", () => {
  /** A minimal terminal: it moves to a line, writes, clears the rest of the line, clears all. */
  const apply = (before: ReadonlyArray<string>, text: string): ReadonlyArray<string> => {
    const lines = [...before]
    let at = 0
    // deno-lint-ignore no-control-regex
    for (const [, command, row, words] of text.matchAll(/\x1b\[(?:(2J)|(\d+);1H|K)|([^\x1b]+)/g)) {
      if (command !== undefined) lines.fill("")
      if (row !== undefined) at = Number(row) - 1
      if (row !== undefined) lines[at] = ""
      if (words !== undefined) lines[at] = words
    }
    while (lines.at(-1) === "") lines.pop()
    return lines
  }

  it("writes only the lines that changed, and nothing when none did", () => {
    assert.strictEqual(difference(["a", "b"], ["a", "b"]), "")
    const text = difference(["a", "b", "c"], ["a", "x", "c"])
    assert.notInclude(text, "1;1H")
    assert.deepStrictEqual(apply(["a", "b", "c"], text), ["a", "x", "c"])
  })

  it("clears what remains of a longer frame, and clears all after a resize", () => {
    assert.deepStrictEqual(apply(["long line", "b", "c"], difference(["long line", "b", "c"], ["l"])), ["l"])
    assert.deepStrictEqual(apply(["rubbish", "rubbish"], difference(undefined, ["a"])), ["a"])
  })
})

describe("wrapping", () => {
  it("breaks at blanks, indents the following lines, and does not break a long word", () => {
    assert.deepStrictEqual(wrap("one two three", 8, 2), ["one two", "  three"])
    assert.deepStrictEqual(wrap("unbreakable word", 5, 0), ["unbreakable", "word"])
    const line: Line = [span("a", "bad"), span("b")]
    assert.strictEqual(textOf(line), "ab")
  })
})
