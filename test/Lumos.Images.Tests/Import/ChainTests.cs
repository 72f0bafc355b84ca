using Lumos.Drivers.Datasets;
using Lumos.Images.Tests.Applets;
using Lumos.Testing;
using Xunit;

namespace Lumos.Images.Tests.Import;

/// <summary>Imports of several images at once, the room they need, and streams that no manifest describes.</summary>
public sealed class ChainTests : IDisposable
{
    private readonly Machine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Files_of_a_chain_come_side_by_side_and_are_installed_in_order()
    {
        var parent = new TestImage(TestImage.Noise(30_000), "parent");
        var child = new TestImage(TestImage.Noise(31_000), "child", parent.Uuid, fromGuid: parent.Guid);
        using var both = new Barrier(2);
        bool met = true;
        using var server = Serve([parent, child], image =>
        {
            // No answer before the other one has been asked for too.
            met &= both.SignalAndWait(TimeSpan.FromSeconds(20));
            return ScriptedHttpServer.Reply(200, image.File);
        });
        string said = _machine.Succeed("import", "-S", server.Url, $"{child.Uuid}").Out;
        Assert.True(met, "the second file was asked for when the first one had come");
        Assert.Matches($"(?s)Imported image {parent.Uuid}.*Imported image {child.Uuid}", said);
        Assert.Empty(Directory.GetFiles(_machine.Paths.Downloads));
    }

    [Fact]
    public void A_parent_that_fails_leaves_no_child_and_what_was_downloaded_for_the_next_time()
    {
        var parent = new TestImage(TestImage.Noise(30_000), "parent");
        var child = new TestImage(TestImage.Noise(31_000), "child", parent.Uuid, fromGuid: parent.Guid);
        int asked = 0;
        bool lie = true;
        using var server = Serve([parent, child], image =>
        {
            asked += image == child ? 1 : 0;
            return ScriptedHttpServer.Reply(200, image == parent && lie ? [.. image.File[..^1], 0xff] : image.File);
        });
        Assert.Contains("is not the file of image", _machine.Imgadm("import", "-S", server.Url, $"{child.Uuid}").Error, StringComparison.Ordinal);
        _machine.AssertEmpty();
        lie = false;
        _machine.Succeed("import", "-S", server.Url, $"{child.Uuid}");
        Assert.InRange(asked, 1, 2);
    }

    [Fact]
    public void A_download_that_is_begun_anew_before_its_turn_goes_well_all_the_same()
    {
        var parent = new TestImage(TestImage.Noise(30_000), "parent");
        var child = new TestImage(TestImage.Noise(31_000), "child", parent.Uuid, fromGuid: parent.Guid);
        int asked = 0;
        string file = Path.Combine(_machine.Paths.Downloads, $"{child.Uuid}.file");
        using var server = Serve([parent, child], image =>
        {
            if (image == child)
            {
                // Cut, and sent whole to whoever asks for the rest.
                return asked++ == 0 ? ScriptedHttpServer.Reply(200, image.File[..20_000], image.File.Length) : ScriptedHttpServer.Reply(200, image.File);
            }
            Assert.True(SpinWait.SpinUntil(() => asked == 2 && File.Exists(file) && new FileInfo(file).Length == child.File.Length, TimeSpan.FromSeconds(20)));
            return ScriptedHttpServer.Reply(200, image.File);
        });
        _machine.Succeed("import", "-S", server.Url, $"{child.Uuid}");
        Assert.Equal(2, asked);
    }

    [Fact]
    public void Room_is_looked_at_before_anything_is_fetched()
    {
        var image = new TestImage(TestImage.Noise(50_000));
        using var server = Serve([image], _ => throw new InvalidOperationException("was fetched"));
        _machine.Datasets.SetProperties(DatasetName.Parse("zones"), new Dictionary<string, string> { ["available"] = "40000" });
        var refused = _machine.Imgadm("import", "-S", server.Url, $"{image.Uuid}");
        Assert.Equal(1, refused.Status);
        Assert.Contains("and pool zones has", refused.Error, StringComparison.Ordinal);
        _machine.AssertEmpty();
    }

    [Fact]
    public void A_bare_stream_is_taken_whatever_the_manifest_says_of_a_file()
    {
        var image = new TestImage(TestImage.Noise(50_000));
        byte[] bare = FakeStream.Encode("final", image.Guid, 0, null, image.Content);
        image.Manifest.Remove("files");
        using var server = Serve([image], _ => ScriptedHttpServer.Reply(200, bare));
        Assert.Contains("names no file", _machine.Imgadm("import", "-S", server.Url, $"{image.Uuid}").Error, StringComparison.Ordinal);
        _machine.Succeed("import", "--zstream", "-S", server.Url, $"{image.Uuid}");
        Assert.Equal(image.Content, _machine.Datasets.GetContent(_machine.Store.Get(image.Uuid).DatasetName));
        Assert.Empty(Directory.GetFiles(_machine.Paths.Downloads));
    }

    [Fact]
    public void A_redirect_is_followed_without_the_source_s_key_and_never_to_a_file()
    {
        var image = new TestImage(TestImage.Noise(5_000));
        var heads = new List<string>();
        using var elsewhere = new ScriptedHttpServer(head =>
        {
            heads.Add(head);
            return ScriptedHttpServer.Reply(200, image.File);
        });
        string to = "file:///etc/passwd";
        using var server = new ScriptedHttpServer(head =>
        {
            heads.Add(head);
            return head.Split(' ')[1].EndsWith("/file", StringComparison.Ordinal)
                ? ScriptedHttpServer.Reply(302, [], null, $"Location: {to}")
                : ScriptedHttpServer.Reply(200, System.Text.Encoding.UTF8.GetBytes(head.Contains("/ping", StringComparison.Ordinal) ? "{\"ping\":\"pong\"}" : image.Manifest.ToJsonString()));
        });
        string key = _machine["key"];
        File.WriteAllText(key, "name verysecret\n");
        _machine.Succeed("sources", "-d", "https://images.smartos.org");
        _machine.Succeed("sources", "-a", server.Url, "--key-file", key);
        Assert.Contains("it sends us to file:, which is neither http nor https", _machine.Imgadm("import", $"{image.Uuid}").Error, StringComparison.Ordinal);
        _machine.AssertEmpty();
        to = elsewhere.Url + "/there";
        _machine.Succeed("import", $"{image.Uuid}");
        Assert.All(heads, head => Assert.Equal(!head.Contains("/there", StringComparison.Ordinal), head.Contains("Authorization: Bearer", StringComparison.Ordinal)));
        Assert.Contains(heads, head => head.Contains("/there", StringComparison.Ordinal));
    }

    private static ScriptedHttpServer Serve(TestImage[] images, Func<TestImage, byte[]?> file) => new(head =>
    {
        string path = head.Split(' ')[1];
        var image = images.First(i => path.Contains(i.Uuid.ToString(), StringComparison.Ordinal));
        return path.Contains("/file", StringComparison.Ordinal)
            ? file(image)
            : ScriptedHttpServer.Reply(200, System.Text.Encoding.UTF8.GetBytes(image.Manifest.ToJsonString()));
    });
}
