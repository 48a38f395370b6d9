/** Plain prose: a sentence names its subject. A machine is a candidate, a client, an upstream or a resolver, and never a person. */
import * as fs from "node:fs"
import * as path from "node:path"
import { assert, describe, it } from "vitest"
import { commentsOf, titlesOf } from "./support/prose.ts"
import { ROOT } from "./support/sources.ts"

/** Words for persons, which hide what is meant where a machine is. */
const PERSONAL = [
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

/** Words that only this project used for what has a usual name: warm pool, forecast, initial, silence window, ... */
const PRIVATE = [
  "shelf",
  "shelves",
  "parked",
  "outlook",
  "newborn",
  "spell",
  "doors",
  "stranger",
  "strangers",
  "patience",
  "worn"
]

interface Texts {
  /** A file, or a folder with all that is in it. */
  readonly at: string
  readonly ext: string
  /** The part of a file that is looked at, with all else blanked out; all of it by default. */
  readonly part?: (text: string) => string
}

/** Folders of code with comments in plain prose. */
const CODE = [
  "src/adapters",
  "src/apps",
  "src/record",
  "src/core",
  "src/dashboard",
  "src/ingress",
  "src/plane",
  "src/shell",
  "src/sim",
  "tools",
  "examples"
]

/** What is looked at. */
const TEXTS: ReadonlyArray<Texts> = [
  { at: "README.md", ext: ".md" },
  { at: "CHANGELOG.md", ext: ".md" },
  { at: "docs", ext: ".md" },
  ...CODE.map((at): Texts => ({ at, ext: ".ts", part: commentsOf })),
  { at: "src/dashboard", ext: ".tsx", part: commentsOf },
  { at: "tools/setup.mjs", ext: ".mjs", part: commentsOf },
  { at: "test", ext: ".test.ts", part: titlesOf },
  { at: "property-tests", ext: ".test.ts", part: titlesOf }
]
const NOT_YET: ReadonlyArray<string> = []

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
}

function filesIn(at: string, ext: string): ReadonlyArray<string> {
  const full = path.join(ROOT, at)
  if (!fs.statSync(full).isDirectory()) return [at]
  return fs.readdirSync(full, { withFileTypes: true }).flatMap((entry) => {
    const inside = `${at}/${entry.name}`
    return entry.isDirectory() ? filesIn(inside, ext) : entry.name.endsWith(ext) ? [inside] : []
  })
}

/** Each file once, by the last row that has it. */
function textsOf(texts: ReadonlyArray<Texts>): ReadonlyArray<Text> {
  const found = new Map<string, Text>()
  for (const { at, ext, part = (all: string) => all } of texts) {
    for (const file of filesIn(at, ext).filter((one) => !NOT_YET.includes(one))) {
      found.set(file, { file, text: part(fs.readFileSync(path.join(ROOT, file), "utf8")) })
    }
  }
  return [...found.values()]
}

const WORD = new RegExp(`\\b(${[...PERSONAL, ...PRIVATE].join("|")})\\b`, "gi")

/** Every banned word as `file:line: word in "the words around it"`. */
function bannedIn({ file, text }: Text, persons = PERSONS): ReadonlyArray<string> {
  const allowed = persons.filter((one) => one.file === file)
  return text.split("\n").flatMap((line, i) => {
    const prose = allowed.reduce((left, { words }) => left.replaceAll(words, ""), line)
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

  it("names no machine by a word for persons", () => {
    assert.includeMembers(texts.map(({ file }) => file), [
      "README.md",
      "docs/operations.md",
      "docs/seeds.md",
      "src/core/model/Candidate.ts",
      "src/core/step.ts",
      "tools/setup.mjs",
      "property-tests/laws/breaker.test.ts"
    ])
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

  it("is allowed as a part of another word", () => {
    assert.deepStrictEqual(
      bannedIn({ file: "a.md", text: "The whole spelling is a spell." }).map((one) => one.slice(0, 13)),
      [
        "a.md:1: spell"
      ]
    )
  })
})

describe("the prose of code", () => {
  it("is its comments, at their lines, and neither its strings nor what a string has in common with a comment", () => {
    const code = 'const who = "// who" // whom\nconst a = /[/*]who/.test(`/* who ${/* whose */ b} who`)\n/** Nobody. */'
    assert.deepStrictEqual(bannedIn({ file: "a.ts", text: commentsOf(code) }).map((one) => one.slice(0, 13)), [
      "a.ts:1: whom ",
      "a.ts:2: whose",
      "a.ts:3: Nobod"
    ])
  })

  it("is the titles of its tests, and neither other strings nor the code in a title", () => {
    const code =
      'describe("who", () => {\n  // it("whom")\n  it.live(`whose ${nobody()}`, () => say("nobody"))\n  law(\n    "anyone"'
    assert.deepStrictEqual(bannedIn({ file: "a.ts", text: titlesOf(code) }).map((one) => one.slice(0, 13)), [
      "a.ts:1: who i",
      "a.ts:3: whose",
      "a.ts:5: anyon"
    ])
  })
})
