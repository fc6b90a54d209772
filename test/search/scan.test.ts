import { searchesAsAScanDoes } from './property.ts'

// The first of the queries of test/fuzz.
searchesAsAScanDoes(3, 60_000)
