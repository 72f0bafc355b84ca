using System.Text.RegularExpressions;

namespace Lumos.Vm.Tests.Parity;

/// <summary>
/// Every test of the tree by the name that pages give it: CLASS or CLASS.METHOD, with system/ in front of those that boot the image and
/// Host/ of those that need the real kernel. A class is named as its file.
/// </summary>
internal static class TestNames
{
    internal static IReadOnlySet<string> Under(string folder)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (string file in Directory.EnumerateFiles(folder, "*Tests.cs", SearchOption.AllDirectories))
        {
            string text = File.ReadAllText(file), type = Path.GetFileNameWithoutExtension(file);
            if (Regex.Match(text, $@"\bclass {type}\b") is { Success: true } declaration)
            {
                string name = Prefix(Path.GetRelativePath(folder, file), text[..declaration.Index]) + type;
                names.Add(name);
                names.UnionWith(Methods(text).Select(method => $"{name}.{method}"));
            }
        }
        return names;
    }

    private static string Prefix(string path, string beforeClass) =>
        path.StartsWith("system/", StringComparison.Ordinal) ? "system/"
        : path.Contains("/Host/", StringComparison.Ordinal) || beforeClass.Contains("[Trait(\"level\", \"host\")]", StringComparison.Ordinal) ? "Host/"
        : "";

    /// <summary>What stands under [Fact] or [Theory].</summary>
    private static IEnumerable<string> Methods(string text)
    {
        bool isTest = false;
        foreach (string line in text.Split('\n'))
        {
            isTest |= Regex.IsMatch(line, @"^\s+\[(Fact|Theory)\b");
            if (isTest && Regex.Match(line, @"^\s+public (?:async )?\w+ (\w+)\(") is { Success: true } method)
            {
                yield return method.Groups[1].Value;
                isTest = false;
            }
        }
    }
}
