import { searchesAsAScanDoes } from './property.ts'

// The first of the queries of test/fuzz.
searchesAsAScanDoes(15, 60_000)
