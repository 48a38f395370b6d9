/** The README's example, commands and links. */
import * as fs from "node:fs"
import * as path from "node:path"
import { assert, describe, it } from "vitest"
import { command } from "./support/command.ts"
import { ROOT } from "./support/sources.ts"

const read = (file: string) => fs.readFileSync(path.join(ROOT, file), "utf8")
const readme = read("README.md")
const fenced = [...readme.matchAll(/```\w*\n([\s\S]*?)```/g)].map(([, text]) => text as string)

describe("the README", () => {
  it("shows examples/promises.ts, which the tests run", () => {
    assert.isTrue(fenced.includes(read("examples/promises.ts")))
  })

  it("names only commands, scripts and tasks that exist, and every command", async () => {
    const { stdout } = await command(["--help"])
    const known = [...stdout.matchAll(/^ {2}([a-z]+) {2,}/gm)].map(([, name]) => name as string)
    assert.includeMembers(known, ["run", "replay"])
    const used = [
      ...readme.matchAll(/(?:npm start(?: --silent)? -- |deno task start |`fairlead )([a-z]+)/g)
    ].map(([, name]) => name as string)
    assert.isAtLeast(used.length, 8)
    assert.deepStrictEqual(used.filter((name) => !known.includes(name)), [])
    assert.deepStrictEqual(known.filter((name) => !readme.includes(`\`fairlead ${name}`)), [])
    const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> }
    const { tasks } = JSON.parse(read("deno.json")) as { tasks: Record<string, string> }
    const runs = [...readme.matchAll(/npm (?:run )?(?!start|test)([a-z]+:[a-z-]+)/g)].map(([, name]) => name as string)
    assert.deepStrictEqual(runs.filter((name) => !(name in scripts)), [])
    const wanted = [...readme.matchAll(/deno task ([a-z]+)/g)].map(([, name]) => name as string)
    assert.deepStrictEqual(wanted.filter((name) => !(name in tasks)), [])
  })

  it("links only to pages that exist, and has at most 190 lines", () => {
    const links = [...readme.matchAll(/\]\(([^)#]+)[^)]*\)/g)].map(([, link]) => link as string)
    assert.isAtLeast(links.length, 5)
    assert.deepStrictEqual(links.filter((link) => !/^https?:/.test(link) && !fs.existsSync(path.join(ROOT, link))), [])
    assert.isAtMost(readme.split("\n").length, 190)
  })
})
