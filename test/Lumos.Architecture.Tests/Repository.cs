using Xunit;

namespace Lumos.Architecture.Tests;

/// <summary>The checkout that these tests look at.</summary>
internal static class Repository
{
    public static readonly string Root = Find();

    /// <summary>All C# files under a folder that people wrote (not what a build generated), by path from the root.</summary>
    public static IEnumerable<string> SourceFiles(params string[] folders) => Files("*.cs", folders);

    /// <summary>All files of a pattern under folders, by path from the root.</summary>
    public static IEnumerable<string> Files(string pattern, params string[] folders) =>
        folders.SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Root, folder), pattern, SearchOption.AllDirectories))
            .Select(file => Path.GetRelativePath(Root, file))
            .Where(file => !file.Split('/').Any(part => part is "bin" or "obj"))
            .Order(StringComparer.Ordinal);

    public static string Read(string file) => File.ReadAllText(Path.Combine(Root, file));

    /// <summary>Fails with all the faults, one a line.</summary>
    public static void AssertNone(IEnumerable<string> faults)
    {
        var all = faults.ToList();
        Assert.True(all.Count == 0, string.Join('\n', all));
    }

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Lumos.slnx")))
            {
                return folder.FullName;
            }
        }
        throw new InvalidOperationException("the tests are not inside a checkout");
    }
}
