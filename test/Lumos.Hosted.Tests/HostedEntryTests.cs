using Xunit;

namespace Lumos.Hosted.Tests;

public sealed class HostedEntryTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("lumos-entry-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_tree_on_a_host_is_told_from_the_image_and_from_a_program_that_was_just_built()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "etc/version"));
        File.WriteAllText(Path.Combine(_folder, "etc/version/platform"), "20261120T120000Z\n");
        Assert.True(HostedEntry.IsOfHostedTree(_folder + "/usr/lib/lumos/lumos"));
        Assert.False(HostedEntry.IsOfHostedTree("/usr/lib/lumos/lumos"));
        Assert.False(HostedEntry.IsOfHostedTree(_folder + "/other/usr/lib/lumos/lumos"));
        Assert.False(HostedEntry.IsOfHostedTree(_folder + "/lumos"));
        Assert.False(HostedEntry.IsOfHostedTree(null));
    }
}
