'use strict';
// Runs checks, each of one behaviour, and prints a line for each: `ok NAME`, or `not ok NAME: why`.

const LIMIT_MS = 20_000; // for one check, far more than any needs

/** Calls each of `checks`, pairs of a name and a function, in order. Returns how many failed. */
async function run(client, checks) {
  let failed = 0;
  for (const [name, check] of checks) {
    try {
      await within(check());
      console.log(`ok ${client}: ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`not ok ${client}: ${name}: ${error.message.split('\n').join(' ')}`);
    }
  }
  return failed;
}

async function within(promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('it took too long')), LIMIT_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

module.exports = { run };
