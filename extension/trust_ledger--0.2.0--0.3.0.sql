\echo Use "ALTER EXTENSION trust_ledger UPDATE TO '0.3.0'" to load this file. \quit
