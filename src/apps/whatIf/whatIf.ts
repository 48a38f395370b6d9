/** `fairlead replay --config`: a record under other settings. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import process from "node:process"
import { exitCode } from "../../record/Verdict.ts"
import { compared } from "../../sim/whatIf/compared.ts"
import { WhatIf } from "../../sim/whatIf/WhatIf.ts"
import { tellAll } from "../check.ts"
import { readConfig } from "../config/readConfig.ts"
import { Ended, UsageError } from "../exit.ts"
import { filesOf, readAll } from "../readSegments.ts"
import { renderVerdict } from "../replayText.ts"
import { report } from "./report.ts"
import { comparedDocument, renderCompared } from "./text.ts"

export interface Asked {
  readonly targets: ReadonlyArray<string>
  readonly until: number | undefined
  /** The file with the other settings. */
  readonly file: string
  readonly json: boolean
  /** Where the report is written. */
  readonly html: Option.Option<string>
}

export const whatIf = Effect.fnUntraced(function* ({ targets, until, file, json, html }: Asked) {
  const { settings, problems, warnings } = yield* readConfig(file, process.env)
  yield* tellAll(file, problems, warnings)
  if (settings === undefined) return yield* new Ended({ code: 2 })
  const reader = new WhatIf(settings.core, until)
  yield* readAll(reader, yield* filesOf(targets))
  const comparison = compared(reader)
  const { verdict } = comparison
  if (verdict.outcome !== "verified") {
    yield* Console.log(json ? JSON.stringify(comparedDocument(comparison), null, 2) : renderVerdict(verdict))
    return yield* new Ended({ code: exitCode(verdict) })
  }
  if (Option.isSome(html)) yield* write(html.value, report(comparison))
  yield* Console.log(json ? JSON.stringify(comparedDocument(comparison), null, 2) : renderCompared(comparison))
})

const write = Effect.fnUntraced(function* (path: string, text: string) {
  const fs = yield* FileSystem.FileSystem
  yield* Effect.mapError(
    fs.writeFileString(path, text, { mode: 0o600 }),
    ({ reason }) => new UsageError({ message: `cannot write ${path}: the system says ${reason._tag}: name another file` })
  )
})
