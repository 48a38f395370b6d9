/** Tests that a page names: `core/ladder` "begins at ..." is a test with that title in test/core/ladder.test.ts. */
import * as fs from "node:fs"
import * as path from "node:path"
import { ROOT } from "./sources.ts"

/** The source of a test by its short name; by the name of a folder, the sources of all its files. */
export function sourceOf(name: string): string | undefined {
  const folder = /^(laws|model|whole)\//.test(name) ? "property-tests" : "test"
  const bare = path.join(ROOT, folder, name.replace(/\.test\.ts$/, ""))
  if (fs.existsSync(`${bare}.test.ts`)) return fs.readFileSync(`${bare}.test.ts`, "utf8")
  if (!fs.existsSync(bare)) return undefined
  return fs.readdirSync(bare).map((file) => fs.readFileSync(path.join(bare, file), "utf8")).join("\n")
}

/** Each test that is named, with the titles that follow it. */
export function namedIn(row: string): ReadonlyArray<readonly [name: string, titles: ReadonlyArray<string>]> {
  return [...row.matchAll(/`((?:[a-z]+\/)?[a-zA-Z]+(?:\.test\.ts)?)`((?:,? "[^"]+")*)/g)]
    .map(([, name = "", titles = ""]) => [name, [...titles.matchAll(/"([^"]+)"/g)].map(([, title = ""]) => title)] as const)
    .filter(([name, titles]) =>
      /^(adapters|apps|collector|core|histories|laws|log|model|shell|whole)\//.test(name) || titles.length > 0
    )
}

/** Whether the source has the title, with its quotes and backslashes escaped or not. */
const holds = (source: string, title: string) =>
  [title, title.replaceAll("'", "\\'"), title.replaceAll("\\", "\\\\")].some((text) => source.includes(text))

/** Names and titles of a row that do not exist. */
export const missingIn = (row: string): ReadonlyArray<string> =>
  namedIn(row).flatMap(([name, titles]) => {
    const source = sourceOf(name)
    if (source === undefined) return [name]
    return titles.filter((title) => !holds(source, title)).map((title) => `${name}: ${title}`)
  })
