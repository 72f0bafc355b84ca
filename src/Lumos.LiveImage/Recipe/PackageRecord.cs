using Lumos.Core;

namespace Lumos.LiveImage.Recipe;

/// <summary>One package as it was resolved: exact version, and the SHA-256 of its archive file.</summary>
public sealed record ResolvedPackage(string Name, string Version, string Sha256);

/// <summary>
/// What a package list resolved to, sorted by name. The committed one (<c>packages.lock</c>) says what the image was last
/// made of; each build compares its own with it, because Debian's archive drops old versions and a newcomer's build has to
/// work all the same: drift is told, and refused on request only.
/// </summary>
public sealed record PackageRecord(IReadOnlyList<ResolvedPackage> Packages)
{
    public static readonly PackageRecord Empty = new([]);

    /// <summary>The version of a package, or a LumosException when the record lacks it.</summary>
    public string VersionOf(string name) => Packages.FirstOrDefault(p => p.Name == name)?.Version
        ?? throw new LumosException("PackageNotResolved", $"package {name} is not among the resolved packages");

    /// <summary>Reads a record file; an absent one is empty.</summary>
    public static PackageRecord Load(string path) => File.Exists(path) ? Parse(File.ReadAllText(path), path) : Empty;

    public static PackageRecord Parse(string text, string source)
    {
        var packages = new List<ResolvedPackage>();
        foreach (var (line, number) in RecipeLines.Of(text))
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length != 3)
            {
                throw new LumosException("BadRecipe", $"{source}, line {number}: \"{line}\" is not \"NAME VERSION SHA256\"");
            }
            packages.Add(new ResolvedPackage(words[0], words[1], words[2]));
        }
        return Of(packages);
    }

    /// <summary>
    /// Picks the packages named in <paramref name="installed"/> ("NAME=VERSION") out of what <c>apt-cache show</c> printed.
    /// One that apt does not know at that version is an error: its hash could not be recorded.
    /// </summary>
    public static PackageRecord FromAptCache(string shown, IEnumerable<string> installed)
    {
        var known = new Dictionary<string, ResolvedPackage>();
        foreach (string stanza in shown.Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            string? Field(string name) => stanza.Split('\n').FirstOrDefault(l => l.StartsWith(name + ": ", StringComparison.Ordinal))?[(name.Length + 2)..].Trim();
            if (Field("Package") is { } package && Field("Version") is { } version && Field("SHA256") is { } hash)
            {
                known[$"{package}={version}"] = new ResolvedPackage(package, version, hash);
            }
        }
        return Of(installed.Select(each => known.TryGetValue(each, out var package)
            ? package
            : throw new LumosException("PackageNotResolved", $"apt has no archive hash of {each}")));
    }

    /// <summary>Both records as one.</summary>
    public PackageRecord With(PackageRecord other) => Of(Packages.Concat(other.Packages));

    public string ToText() =>
        "# What the package list resolved to: name, version, SHA-256 of the archive file. Renewed by ./lumos build relock.\n"
        + string.Concat(Packages.Select(p => $"{p.Name} {p.Version} {p.Sha256}\n"));

    /// <summary>One sentence for each difference of <paramref name="resolved"/> from this record.</summary>
    public IReadOnlyList<string> DriftOf(PackageRecord resolved)
    {
        var sentences = new List<string>();
        var old = Packages.ToDictionary(p => p.Name);
        var now = resolved.Packages.ToDictionary(p => p.Name);
        foreach (string name in old.Keys.Union(now.Keys).Order(StringComparer.Ordinal))
        {
            var recorded = old.GetValueOrDefault(name);
            var found = now.GetValueOrDefault(name);
            if (recorded is null)
            {
                sentences.Add($"{name}: {found!.Version} is new, the record lacks it");
            }
            else if (found is null)
            {
                sentences.Add($"{name}: {recorded.Version} is recorded, but is not needed any more");
            }
            else if (recorded.Version != found.Version)
            {
                sentences.Add($"{name}: {recorded.Version} is recorded, the archive has {found.Version}");
            }
            else if (recorded.Sha256 != found.Sha256)
            {
                sentences.Add($"{name}: {recorded.Version} has another SHA-256 than the recorded one");
            }
        }
        return sentences;
    }

    private static PackageRecord Of(IEnumerable<ResolvedPackage> packages) =>
        new([.. packages.Distinct().OrderBy(p => p.Name, StringComparer.Ordinal).ThenBy(p => p.Version, StringComparer.Ordinal)]);
}
