import { searchesAsAScanDoes } from '../search/property.ts'

searchesAsAScanDoes(1000, 600_000)
