using Lumos.Core;
using Lumos.LiveImage.Recipe;
using Xunit;

namespace Lumos.LiveImage.Tests;

/// <summary>Packages of the npm registry are pinned by hash.</summary>
public sealed class NpmPackageTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    [Fact]
    public void The_lock_names_noVNC_with_a_whole_hash()
    {
        var package = Assert.Single(NpmPackage.Load(Path.Combine(Repository(), "images/platform/npm.lock")));
        Assert.Equal("@novnc/novnc", package.Name);
        Assert.Equal(64, Convert.FromBase64String(package.Integrity[NpmPackage.HashPrefix.Length..]).Length);
    }

    [Theory]
    [InlineData("left-pad 1.0.0")]
    [InlineData("left-pad 1.0.0 sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=")]
    public void What_is_not_pinned_is_refused(string line)
    {
        File.WriteAllText(_file, line + "\n");
        Assert.Equal("BadRecipe", Assert.Throws<LumosException>(() => NpmPackage.Load(_file)).Code);
    }

    private static string Repository()
    {
        string root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "Lumos.slnx")))
        {
            root = Path.GetDirectoryName(root)!;
        }
        return root;
    }

    public void Dispose() => File.Delete(_file);
}
