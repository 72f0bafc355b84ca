using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Images.Tests;
using Lumos.Imgapi.Model;
using Lumos.Imgapi.Store;
using Xunit;

namespace Lumos.Imgapi.Tests;

/// <summary>What lies on the disk, and what a start makes of it.</summary>
public sealed class RepositoryTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly StorePaths _paths;
    private readonly List<string> _warnings = [];

    public RepositoryTests() => _paths = new StorePaths(_folder["store"]);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_start_finds_what_was_there_and_removes_what_nobody_names()
    {
        string uuid;
        await using (var server = await RunningServer.Start(data: _paths.Root))
        {
            uuid = await server.Publish([1, 2, 3], "kept");
            _ = await RunningServer.Json(await server.Act(uuid, "update", new JsonObject { ["description"] = "text" }));
        }
        File.WriteAllText(Path.Combine(_paths.Incoming, "0123"), "half");
        File.WriteAllText(_paths.Blob(new string('f', 64)), "nobody's");
        File.WriteAllText(Path.Combine(_paths.Images, $".{uuid}.json.0123abcd.tmp"), "a record that was being written");
        await using var again = await RunningServer.Start(data: _paths.Root);
        Assert.False(again.Server.IsKeyNew);
        Assert.Equal([$"blobs/{RunningServer.Sha256([1, 2, 3])}", $"images/{uuid}.json"], again.Files);
        Assert.Equal("text", (string?)(await RunningServer.Json(await again.Reader.GetAsync($"/images/{uuid}")))["description"]);
        Assert.Equal([1, 2, 3], await again.Reader.GetByteArrayAsync($"/images/{uuid}/file"));
    }

    [Fact]
    public void A_record_that_cannot_be_read_is_left_alone_and_so_are_all_blobs()
    {
        using (Open())
        {
        }
        File.WriteAllText(_paths.Record(Uuid.New()), "{");
        File.WriteAllText(_paths.Blob(new string('f', 64)), "perhaps that one's");
        using var images = Open();
        Assert.Empty(images.Index.All);
        Assert.Contains("is no record of an image", Assert.Single(_warnings));
        Assert.Single(Directory.GetFiles(_paths.Blobs));
        Assert.Single(Directory.GetFiles(_paths.Images));
    }

    [Fact]
    public void One_server_works_in_a_store()
    {
        using var images = Open();
        Assert.Equal("StoreInUse", Assert.Throws<LumosException>(Open).Code);
    }

    [Fact]
    public async Task An_image_whose_file_is_gone_is_not_shown()
    {
        string uuid;
        await using (var server = await RunningServer.Start(data: _paths.Root))
        {
            uuid = await server.Publish([1, 2, 3]);
        }
        File.Delete(_paths.Blob(RunningServer.Sha256([1, 2, 3])));
        using var images = Open();
        Assert.Empty(images.Index.All);
        Assert.Contains(uuid, Assert.Single(_warnings));
    }

    [Fact]
    public async Task A_server_that_is_killed_in_an_upload_leaves_no_half_image()
    {
        using var first = await Start();
        string uuid;
        using (var writer = Client(first.Port))
        {
            var answer = await writer.PostAsync("/images", RunningServer.Body(RunningServer.Manifest()));
            uuid = (string)(await RunningServer.Json(answer))["uuid"]!;
            using var upload = new TcpClient();
            await upload.ConnectAsync(IPAddress.Loopback, first.Port);
            await upload.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
                $"PUT /images/{uuid}/file?compression=none HTTP/1.1\r\nHost: x\r\nAuthorization: {writer.DefaultRequestHeaders.Authorization}\r\nContent-Length: 9000000\r\n\r\n"));
            await upload.GetStream().WriteAsync(TestImage.Noise(3_000_000));
            for (var clock = Stopwatch.StartNew(); Directory.GetFiles(_paths.Incoming).Sum(f => new FileInfo(f).Length) < 2_000_000; await Task.Delay(10))
            {
                Assert.True(clock.Elapsed < TimeSpan.FromSeconds(30), "the upload does not come");
            }
            first.Process.Kill();
            await first.Process.WaitForExitAsync();
        }
        Assert.NotEmpty(Directory.GetFiles(_paths.Incoming));
        using var second = await Start();
        Assert.Empty(Directory.GetFiles(_paths.Incoming));
        Assert.Empty(Directory.GetFiles(_paths.Blobs));
        using var client = Client(second.Port);
        var image = await RunningServer.Json(await client.GetAsync($"/images/{uuid}"));
        Assert.Equal("unactivated", (string?)image["state"]);
        Assert.Empty((JsonArray)image["files"]!);
        _ = await RunningServer.Json(await client.PutAsync($"/images/{uuid}/file?compression=none", new ByteArrayContent([1, 2])));
        _ = await RunningServer.Json(await client.PostAsync($"/images/{uuid}?action=activate", null));
    }

    private ImageRepository Open() => ImageRepository.Open(_paths, _warnings.Add);

    private HttpClient Client(int port)
    {
        var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        client.DefaultRequestHeaders.Authorization = new("Bearer", Images.Sources.SourceKey.Read(_paths.Keys));
        return client;
    }

    /// <summary>The program itself.</summary>
    private async Task<Running> Start()
    {
        string program = Path.Combine(AppContext.BaseDirectory, "lumos-imgapi.dll");
        var process = Process.Start(new ProcessStartInfo("dotnet", ["exec", program, "--data", _paths.Root, "--listen", "127.0.0.1:0"]) { RedirectStandardOutput = true })!;
        string? line;
        while ((line = await process.StandardOutput.ReadLineAsync()) is not null)
        {
            if (JsonNode.Parse(line)!["url"] is { } url)
            {
                _ = process.StandardOutput.ReadToEndAsync();
                return new Running(process, new Uri((string)url!).Port);
            }
        }
        throw new InvalidOperationException("the server does not start");
    }

    private sealed record Running(Process Process, int Port) : IDisposable
    {
        public void Dispose()
        {
            Process.Kill();
            Process.Dispose();
        }
    }
}
