import { searchesAsAScanDoes } from '../search/property.ts'

searchesAsAScanDoes(63, 600_000)
