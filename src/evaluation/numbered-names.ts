/** Gives numbers from 0: the same for the same name, and a new one for each item without a name. */
export class NumberedNames {
  readonly #numbers = new Map<string, number>();
  readonly #names: string[] = [];
  #next = 0;

  numberOf(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    this.#numbers.set(name, this.#next);
    this.#names[this.#next] = name;
    return this.#next++;
  }

  unnamed(): number {
    return this.#next++;
  }

  nameOf(number: number): string {
    return this.#names[number] as string;
  }
}
