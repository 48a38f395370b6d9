/** What a block of docs/embedding.md needs around it, and what it has to print. */
import type { Setting } from "../support/snippet.ts"
import type { Server } from "../support/servers.ts"
import { named } from "../support/servers.ts"

export interface Stage {
  /** Stops it when the block is over. */
  readonly use: <S extends { readonly stop: () => Promise<void> }>(server: Promise<S>) => Promise<S>
}

export interface Scene {
  /** true: this machine lacks what the block needs, and has said so. */
  readonly isMissing?: boolean
  readonly prepare: (stage: Stage) => Promise<Setting>
  readonly printed: (output: string) => void
}

/** Scenes by the heading that the block stands below. Several blocks below one heading have as many scenes, in order. */
export type Scenes = Readonly<Record<string, ReadonlyArray<Scene>>>

/** Two servers in place of the addresses in the text. Each answers the first bytes with its name, and ends. */
export const pair = async ({ use }: Stage): Promise<Setting> => {
  const servers: ReadonlyArray<Server> = [await use(named("first\n")), await use(named("second\n"))]
  const at = (i: number) => `127.0.0.1:${servers[i]?.port}`
  return { replace: { "192.0.2.10:7": at(0), "192.0.2.11:7": at(1) } }
}
