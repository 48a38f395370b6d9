/** Writes docs/configuration.md from the schema: `node tools/configReference.ts` (`--check` only compares). */
import * as SchemaAST from "effect/SchemaAST"
import { readFileSync, writeFileSync } from "node:fs"
import process from "node:process"
import { ConfigFile } from "../src/core/schema/ConfigFile.ts"

const PAGE = "docs/configuration.md"
const HEAD = [
  "# Configuration",
  "",
  "One file, YAML or JSON. Durations are `250ms`, `10s`, `5m`, `1h30m`, `7d`; sizes `512B`, `64KiB`, `64MiB`. Unknown keys are",
  "errors. The sections `probing`, `scoring`, `selector`, `balancing`, `dial`, `session` and the key `attempts` may also stand in an",
  "upstream and override the general ones there (of `probing` not the budget: `maxParallel`, `perHost`, `ratePerSecond`,",
  "`maxCandidates`). This page is generated from the schema: `node tools/configReference.ts`.",
  "",
  ""
].join("\n")

function rows(ast: SchemaAST.AST, path: string): ReadonlyArray<string> {
  if (ast._tag === "Arrays") return ast.rest.flatMap((element) => rows(element, `${path}[]`))
  if (ast._tag !== "Objects") return []
  const own = ast.propertySignatures.flatMap(({ name, type }) => {
    const here = path === "" ? String(name) : `${path}.${String(name)}`
    const notes = SchemaAST.resolve(type)
    const fallback = notes?.["default"]
    const isSection = type._tag === "Objects" && notes?.["description"] === undefined
    const row = `| \`${here}\` | ${fallback === undefined ? "" : `\`${JSON.stringify(fallback)}\``} | ${
      String(notes?.["description"] ?? "")
    } |`
    // What is written as text is one key, whatever it becomes.
    return [...(isSection ? [] : [row]), ...(type.encoding === undefined ? rows(type, here) : [])]
  })
  const values = ast.indexSignatures.flatMap(({ type }) => rows(type, `${path}.NAME`))
  return [...own, ...values]
}

const OVERRIDE = /^\| `upstreams\.NAME\.(probing|scoring|selector|balancing|dial|session)\./
const page = `${HEAD}| key | default | meaning |\n| --- | --- | --- |\n${
  rows(ConfigFile.ast, "").filter((row) => !OVERRIDE.test(row)).join("\n")
}\n`
if (process.argv.includes("--check")) {
  if (readFileSync(PAGE, "utf8") !== page) {
    console.error(`${PAGE} is not what the schema says: run node tools/configReference.ts`)
    process.exit(1)
  }
} else writeFileSync(PAGE, page)
