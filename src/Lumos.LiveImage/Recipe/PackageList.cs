using Lumos.Core;

namespace Lumos.LiveImage.Recipe;

/// <summary>One wanted package: from the recipe's own suite, or from another one by name, at a least version where that matters.</summary>
public sealed record WantedPackage(string Name, string? Suite, string? LeastVersion);

/// <summary>
/// A list of Debian packages, one a line: <c>NAME</c>, or <c>SUITE: NAME</c> for a package whose files (not whose
/// dependencies) come from another suite, either with <c>&gt;= VERSION</c>. <c>#</c> starts a comment.
/// </summary>
public sealed record PackageList(IReadOnlyList<WantedPackage> Packages)
{
    /// <summary>Names from the recipe's own suite.</summary>
    public IEnumerable<string> Own => Packages.Where(p => p.Suite is null).Select(p => p.Name);

    /// <summary>Names from other suites, by suite.</summary>
    public IEnumerable<IGrouping<string, WantedPackage>> Foreign => Packages.Where(p => p.Suite is not null).GroupBy(p => p.Suite!);

    /// <summary>Reads a list file.</summary>
    public static PackageList Load(string path) => Parse(File.ReadAllText(path), path);

    /// <summary>Reads a list; <paramref name="source"/> is for messages.</summary>
    public static PackageList Parse(string text, string source)
    {
        var packages = new List<WantedPackage>();
        foreach (var (line, number) in RecipeLines.Of(text))
        {
            string[] halves = line.Split(">=", 2, StringSplitOptions.TrimEntries);
            string[] names = halves[0].Split(':', 2, StringSplitOptions.TrimEntries);
            string name = names[^1];
            bool wrong = name.Length == 0 || names[0].Length == 0 || name.Any(char.IsWhiteSpace) || (halves.Length == 2 && halves[1].Length == 0);
            if (wrong)
            {
                throw new LumosException("BadRecipe", $"{source}, line {number}: \"{line}\" is not \"[SUITE:] NAME [>= VERSION]\"");
            }
            packages.Add(new WantedPackage(name, names.Length == 2 ? names[0] : null, halves.Length == 2 ? halves[1] : null));
        }
        return new PackageList(packages);
    }
}
