using System.Xml.Linq;

namespace Lumos.Architecture.Tests;

/// <summary>The table of layers in ARCHITECTURE.md: which project may use which.</summary>
internal static class LayerTable
{
    /// <summary>Allowed references by project, both in their full names.</summary>
    public static IReadOnlyDictionary<string, IReadOnlySet<string>> Load()
    {
        var rows = File.ReadLines(Path.Combine(Repository.Root, "ARCHITECTURE.md"))
            .SkipWhile(line => !line.StartsWith("| project |", StringComparison.Ordinal))
            .Skip(2)
            .TakeWhile(line => line.StartsWith('|'))
            .Select(line => line.Trim('|', ' ').Split(" | "))
            .ToList();
        string[] products = [.. rows.Select(row => row[0].Trim()).Where(name => !name.StartsWith("tools/", StringComparison.Ordinal))];
        var table = new Dictionary<string, IReadOnlySet<string>>();
        IReadOnlySet<string> same = new HashSet<string>();
        foreach (string[] row in rows)
        {
            string words = row[^1].Trim();
            string name = row[0].Trim().Replace("tools/", "");
            var allowed = Allowed(words, same, [.. products.Except([name])]);
            if (!words.StartsWith("the same", StringComparison.Ordinal))
            {
                same = allowed;
            }
            table[name] = allowed;
        }
        return table;
    }

    /// <summary>What each project of src/ and tools/ uses, from its project file.</summary>
    public static IReadOnlyDictionary<string, IReadOnlySet<string>> References() =>
        Repository.Files("*.csproj", "src", "tools").ToDictionary(
            file => Path.GetFileNameWithoutExtension(file),
            file => (IReadOnlySet<string>)XDocument.Parse(Repository.Read(file)).Descendants("ProjectReference")
                .Select(reference => Path.GetFileNameWithoutExtension((string)reference.Attribute("Include")!)).ToHashSet());

    private static HashSet<string> Allowed(string words, IReadOnlySet<string> same, string[] products)
    {
        const string EverythingBut = "everything but ";
        if (words.StartsWith(EverythingBut, StringComparison.Ordinal))
        {
            return [.. products.Except([Full(words[EverythingBut.Length..])])];
        }
        var names = words.Split([',', '+'], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return [.. names.Contains("the same") ? same : new HashSet<string>(), .. names.Except(["the same", "–"]).Select(Full)];
    }

    private static string Full(string name) => name.Contains('.') ? name : "Lumos." + name;
}
