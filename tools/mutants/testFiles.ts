/** The tests that can reach core, record and plane within their own process. */
import * as fs from "node:fs"
import * as path from "node:path"

const FOLDERS = [
  ...["test/record", "test/core", "property-tests/laws", "test/plane", "test/histories", "test/sim", "property-tests/model"],
  ...["property-tests/whole", "property-tests/fuzz", "test/shell", "test/ingress", "test/adapters", "property-tests/world"]
]
const OF_CONFIGURATION = [
  "config",
  "schema",
  "references",
  "environment",
  "yaml",
  "overlap",
  "parts",
  "redact",
  "tlsKeys",
  "keys/keys"
]
  .map((name) => `test/apps/${name}.test.ts`)

/** They check the tests themselves, or run copies of the core. */
const OTHERWISE = ["property-tests/world/planted.test.ts", "test/histories/coverage.test.ts"]
/** Each of their tests plays long runs. */
const SLOW = [
  ...[
    "test/core/demand.test.ts",
    "test/core/commonCause.test.ts",
    "test/core/together.test.ts",
    "property-tests/whole/replay.test.ts"
  ],
  "property-tests/world/world.test.ts"
]
/** They start the program, in which no mutant is on. */
const ELSEWHERE = /support\/(command|packed|launchers|browser)/

export interface TestFile {
  readonly file: string
  /** The sources that it imports itself. */
  readonly imports: ReadonlySet<string>
}

export function testFiles(root: string): ReadonlyArray<TestFile> {
  const read = (file: string) => ({ file, text: fs.readFileSync(path.join(root, file), "utf8") })
  const some = FOLDERS.flatMap((folder) =>
    fs.readdirSync(path.join(root, folder))
      .filter((name) => name.endsWith(".test.ts"))
      .map((name) => `${folder}/${name}`)
      .sort()
      .filter((file) => !OTHERWISE.includes(file))
      .map(read)
      .filter(({ text }) => !ELSEWHERE.test(text))
  )
  const late = some.filter(({ file }) => SLOW.includes(file))
  return [...some.filter((one) => !late.includes(one)), ...OF_CONFIGURATION.map(read), ...late].map(({ file, text }) => ({
    file,
    imports: importsOf(file, text)
  }))
}

function importsOf(file: string, text: string): ReadonlySet<string> {
  const found = text.matchAll(/from "(\.[^"]+\/src\/[^"]+)"/g)
  return new Set([...found].map(([, specifier]) => path.posix.join(path.posix.dirname(file), specifier!)))
}

/** Whether a test is about a source: it imports the source, or has its name. */
export function isNear({ file, imports }: TestFile, source: string): boolean {
  const name = path.posix.basename(source, ".ts").toLowerCase()
  return imports.has(source) || path.posix.basename(file).toLowerCase().startsWith(name)
    || (source.startsWith("src/core/schema/") && OF_CONFIGURATION.includes(file))
}
