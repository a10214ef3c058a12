/**
 * How an option is spelled in messages. Whoever opens the program decides it once: the command line has flags
 * (`--max-length`), a program that uses the library has properties (`maxLength`). What scores knows neither.
 */
export type OptionSpelling = 'flag' | 'property';

let spelling: OptionSpelling = 'property';

export const spellOptionsAs = (chosen: OptionSpelling): void => {
  spelling = chosen;
};

/** For a thread that is to speak as this one does. */
export const currentOptionSpelling = (): OptionSpelling => spelling;

/** @param name as a property: `maxLength` */
export const optionName = (name: string): string =>
  spelling === 'property' ? name : `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
