using System.Text.RegularExpressions;
using Xunit;

namespace Lumos.Architecture.Tests;

public partial class SourceRulesTests
{
    private const int LongestFile = 400;

    /// <summary>Tables may be longer: one row a line reads better in one place.</summary>
    private static readonly string[] _tables = ["PropertyTable"];

    [Fact]
    public void Native_functions_are_declared_by_LibraryImport_in_Lumos_Linux_alone()
    {
        Repository.AssertNone(Matches(DllImport(), "src", "tools", "test"));
        Assert.All(Matches(LibraryImport(), "src", "tools", "test"), line => Assert.StartsWith("src/Lumos.Linux/", line));
    }

    [Fact]
    public void Unsafe_code_is_allowed_in_Lumos_Linux_alone() =>
        Assert.Equal(["src/Lumos.Linux/Lumos.Linux.csproj"], Repository.Files("*.csproj", "src", "tools")
            .Where(file => Repository.Read(file).Contains("<AllowUnsafeBlocks>true", StringComparison.Ordinal)));

    [Fact]
    public void Programs_are_started_by_ChildProcess_alone() =>
        Repository.AssertNone(Matches(DiagnosticsProcess(), "src", "tools"));

    [Fact]
    public void Files_stay_short() =>
        Repository.AssertNone(Repository.SourceFiles("src", "tools")
            .Where(file => !_tables.Any(table => Path.GetFileName(file).StartsWith(table, StringComparison.Ordinal)))
            .Select(file => (file, lines: File.ReadLines(Path.Combine(Repository.Root, file)).Count()))
            .Where(each => each.lines > LongestFile)
            .Select(each => $"{each.file}: {each.lines} lines"));

    [Fact]
    public void Nothing_is_left_unfinished_in_the_code() =>
        Repository.AssertNone(Matches(Unfinished(), "src", "tools"));

    [Fact]
    public void Libraries_open_with_file_scoped_namespaces() =>
        Repository.AssertNone(Matches(BlockNamespace(), "src", "tools", "test"));

    /// <summary>"file:line: text" of each matching line.</summary>
    private static IEnumerable<string> Matches(Regex pattern, params string[] folders) =>
        from file in Repository.SourceFiles(folders)
        from line in File.ReadLines(Path.Combine(Repository.Root, file)).Select((text, index) => (text, number: index + 1))
        where !line.text.TrimStart().StartsWith("//", StringComparison.Ordinal) || pattern == Unfinished()
        where pattern.IsMatch(line.text) && !file.EndsWith("SourceRulesTests.cs", StringComparison.Ordinal)
        select $"{file}:{line.number}: {line.text.Trim()}";

    [GeneratedRegex(@"\[\s*DllImport")]
    private static partial Regex DllImport();

    [GeneratedRegex(@"\[\s*LibraryImport")]
    private static partial Regex LibraryImport();

    [GeneratedRegex(@"Diagnostics\.Process\b|\bProcess\.(Start|GetProcess|GetCurrentProcess)|\bProcessStartInfo\b")]
    private static partial Regex DiagnosticsProcess();

    [GeneratedRegex(@"\b(TODO|FIXME|XXX|HACK)\b|NotImplementedException")]
    private static partial Regex Unfinished();

    [GeneratedRegex(@"^namespace [\w.]+\s*(\{|$)")]
    private static partial Regex BlockNamespace();
}
