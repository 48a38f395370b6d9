/** Plain prose: a sentence names its subject. A machine is a candidate, a client, an upstream or a resolver, and never a person. */
import * as fs from "node:fs"
import * as path from "node:path"
import { assert, describe, it } from "vitest"
import { ROOT } from "./support/sources.ts"

/** Words for persons, which hide what is meant where a machine is. */
const BANNED = [
  "who",
  "whom",
  "whose",
  "whoever",
  "nobody",
  "somebody",
  "everybody",
  "anybody",
  "anyone",
  "someone",
  "everyone"
]

interface Texts {
  /** A file, or a folder with all that is in it. */
  readonly at: string
  readonly ext: string
  /** What is not prose of the file itself. */
  readonly except?: RegExp
}

/** What is looked at. docs/architecture.md is still to be rewritten. */
const TEXTS: ReadonlyArray<Texts> = [
  { at: "README.md", ext: ".md" },
  { at: "CHANGELOG.md", ext: ".md" },
  { at: "docs", ext: ".md" },
  // Titles of tests are quoted as they stand in the tests.
  { at: "docs/seeds.md", ext: ".md", except: /"[^"]*"/g }
]
const NOT_YET = ["docs/architecture.md"]

interface Persons {
  readonly file: string
  /** A few words of one line, the banned one among them. */
  readonly words: string
}

/** Where a person is meant. */
const PERSONS: ReadonlyArray<Persons> = []

interface Text {
  readonly file: string
  readonly text: string
  readonly except?: RegExp | undefined
}

function filesIn(at: string, ext: string): ReadonlyArray<string> {
  const full = path.join(ROOT, at)
  if (!fs.statSync(full).isDirectory()) return [at]
  return fs.readdirSync(full, { withFileTypes: true }).flatMap((entry) => {
    const inside = `${at}/${entry.name}`
    return entry.isDirectory() ? filesIn(inside, ext) : entry.name.endsWith(ext) ? [inside] : []
  })
}

/** Each file once; the last row that has it says what is left out of it. */
function textsOf(texts: ReadonlyArray<Texts>): ReadonlyArray<Text> {
  const found = new Map<string, Text>()
  for (const { at, ext, except } of texts) {
    for (const file of filesIn(at, ext)) {
      if (!NOT_YET.includes(file)) found.set(file, { file, text: fs.readFileSync(path.join(ROOT, file), "utf8"), except })
    }
  }
  return [...found.values()]
}

const WORD = new RegExp(`\\b(${BANNED.join("|")})\\b`, "gi")

/** Every banned word as `file:line: word in "the words around it"`. */
function bannedIn({ file, text, except }: Text, persons = PERSONS): ReadonlyArray<string> {
  const allowed = persons.filter((one) => one.file === file)
  return text.split("\n").flatMap((line, i) => {
    const prose = [...(except === undefined ? [] : [except]), ...allowed.map(({ words }) => words)]
      .reduce<string>((left, out) => left.replaceAll(out, ""), line)
    return [...prose.matchAll(WORD)].map(({ 0: word, index }) =>
      `${file}:${i + 1}: ${word} in "${prose.slice(Math.max(0, index - 40), index + word.length + 40).trim()}"`
    )
  })
}

/** Exceptions that the text does not need any more. */
function needless(texts: ReadonlyArray<Text>, persons = PERSONS): ReadonlyArray<Persons> {
  return persons.filter(({ file, words }) => !texts.some((one) => one.file === file && one.text.includes(words)))
}

describe("the prose", () => {
  const texts = textsOf(TEXTS)

  it("calls no machine who or nobody", () => {
    assert.includeMembers(texts.map(({ file }) => file), ["README.md", "docs/operations.md", "docs/seeds.md"])
    assert.deepStrictEqual(texts.flatMap((one) => bannedIn(one)), [])
  })

  it("has no exception for a person that is not needed any more", () => {
    assert.deepStrictEqual(needless(texts), [])
  })
})

describe("a banned word", () => {
  const text = { file: "a.md", text: "A client waits.\nNobody answers it, whoever asks." }

  it("is found, with its file and line", () => {
    assert.deepStrictEqual(bannedIn(text, []), [
      'a.md:2: Nobody in "Nobody answers it, whoever asks."',
      'a.md:2: whoever in "Nobody answers it, whoever asks."'
    ])
  })

  it("is allowed where the list of persons has it, and only there", () => {
    const persons = [{ file: "a.md", words: "whoever asks" }, { file: "b.md", words: "Nobody answers" }]
    assert.deepStrictEqual(bannedIn(text, persons).map((one) => one.slice(0, 14)), ["a.md:2: Nobody"])
    assert.deepStrictEqual(needless([text], persons), persons.slice(1))
  })

  it("is allowed in a quoted title, and as a part of another word", () => {
    const quoted = { file: "a.md", text: 'The whole set: "serves whoever comes".', except: /"[^"]*"/g }
    assert.deepStrictEqual(bannedIn(quoted), [])
    assert.lengthOf(bannedIn({ ...quoted, except: undefined }), 1)
  })
})
