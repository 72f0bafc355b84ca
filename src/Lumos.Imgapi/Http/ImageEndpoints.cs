using System.Buffers;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Imgapi.Model;
using Lumos.Imgapi.Store;
using Microsoft.AspNetCore.Http;

namespace Lumos.Imgapi.Http;

/// <summary>Images themselves: list, show, make, change, delete.</summary>
internal sealed class ImageEndpoints(ImageRepository images, ImgapiSettings settings, Mirror.MirrorSource? mirror, TimeProvider clock)
{
    /// <summary>A list is sent as the manifests' texts one after the other: none is written anew for it.</summary>
    private static readonly byte[] Open = "["u8.ToArray(), Comma = ","u8.ToArray(), Close = "]"u8.ToArray();

    private const int BlockSize = 128 << 10;

    public async Task List(Call call)
    {
        var query = ListQuery.Parse(call.Request.Query.SelectMany(p => p.Value.Select(v => KeyValuePair.Create(p.Key, v ?? ""))));
        string? channel = settings.Channels.Of(query.Channel);
        var index = mirror is null ? images.Index : await mirror.Listed(call.Stop).ConfigureAwait(false);
        bool all = query.InclAdminFields && call.HasKey;
        byte[][] texts = [.. index.List(query, new Viewer(call.HasKey, query.Account), channel).Select(i => all ? i.JsonForAdministrators() : i.Json)];
        call.Response.ContentType = "application/json";
        call.Response.ContentLength = texts.Sum(t => (long)t.Length) + Math.Max(0, texts.Length - 1) + 2;
        if (call.IsHead)
        {
            return;
        }
        byte[] block = ArrayPool<byte>.Shared.Rent(BlockSize);
        try
        {
            int filled = 0;
            await Put(Open).ConfigureAwait(false);
            for (int i = 0; i < texts.Length; i++)
            {
                if (i > 0)
                {
                    await Put(Comma).ConfigureAwait(false);
                }
                await Put(texts[i]).ConfigureAwait(false);
            }
            await Put(Close).ConfigureAwait(false);
            await call.Response.Body.WriteAsync(block.AsMemory(0, filled), call.Stop).ConfigureAwait(false);

            async ValueTask Put(byte[] bytes)
            {
                for (int at = 0; at < bytes.Length;)
                {
                    if (filled == block.Length)
                    {
                        await call.Response.Body.WriteAsync(block, call.Stop).ConfigureAwait(false);
                        filled = 0;
                    }
                    int part = Math.Min(bytes.Length - at, block.Length - filled);
                    bytes.AsSpan(at, part).CopyTo(block.AsSpan(filled));
                    (at, filled) = (at + part, filled + part);
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }
    }

    public async Task Show(Call call, Uuid uuid) => await call.Answer(await Seen(call, uuid).ConfigureAwait(false)).ConfigureAwait(false);

    public async Task Create(Call call)
    {
        call.RequireKey();
        if (call.Query("action") is { } action)
        {
            throw action is "create-from-vm"
                ? new ImgapiException("NotAvailable", "this server makes no images of VMs: imgadm create does, with -p it publishes them here")
                : new ImgapiException("InvalidParameter", $"action={action}: there is no such action");
        }
        var said = await call.ReadObject().ConfigureAwait(false);
        await call.Answer(await images.Add(
            ImageChanges.Make(said, Uuid.New(), isImport: false, call.Account, settings.Channels.Of(call.Query("channel")), Now), call.Stop).ConfigureAwait(false))
            .ConfigureAwait(false);
    }

    public async Task Act(Call call, Uuid uuid)
    {
        string? action = call.Query("action");
        if (action is "import" or "import-remote")
        {
            call.RequireOperator();
            await call.Answer(await (action == "import" ? Import(call, uuid) : ImportRemote(call, uuid)).ConfigureAwait(false)).ConfigureAwait(false);
            return;
        }
        var image = Owned(call, uuid);
        Func<StoredImage, StoredImage> change;
        switch (action)
        {
            case "activate":
                change = i => ImageChanges.Activate(i, images.Index.Find, Now);
                break;
            case "enable" or "disable":
                change = i => ImageChanges.SetDisabled(i, action == "disable");
                break;
            case "update":
                var said = await call.ReadObject().ConfigureAwait(false);
                change = i => ImageChanges.Update(i, said);
                break;
            case "channel-add":
                string channel = Text(await call.ReadObject().ConfigureAwait(false), "channel") is { } name
                    ? settings.Channels.Require(name)
                    : throw ImgapiException.Invalid("channel", "has to be said in the body", "Missing");
                change = i => ImageChanges.WithChannel(i, channel);
                break;
            case "export":
                call.RequireOperator();
                string? path = call.Query("manta_path") ?? call.Query("path");
                await call.Answer(await Task.Run(() => ImageExport.Make(images, image, path)).ConfigureAwait(false)).ConfigureAwait(false);
                return;
            case "copy-remote":
                throw new ImgapiException("NotAvailable", "images are not copied between data centres: import-remote takes them from another server");
            case null:
                throw ImgapiException.Invalid("action", "has to be said: activate, update, enable, disable, export, channel-add, import or import-remote", "Missing");
            default:
                throw new ImgapiException("InvalidParameter", $"action={action}: there is no such action");
        }
        await call.Answer(await images.Update(uuid, change, call.Stop).ConfigureAwait(false)).ConfigureAwait(false);
    }

    public async Task ChangeAcl(Call call, Uuid uuid)
    {
        _ = Owned(call, uuid);
        bool remove = call.Query("action") switch
        {
            null or "add" => false,
            "remove" => true,
            var other => throw new ImgapiException("InvalidParameter", $"action={other}: it must be add or remove"),
        };
        var body = await call.ReadJson().ConfigureAwait(false);
        var list = (body as JsonObject)?["acl"] as JsonArray ?? body as JsonArray ?? throw ImgapiException.Invalid("acl", "must be a list of UUIDs");
        string[] accounts = [.. list.Select(n => n is JsonValue v && v.TryGetValue(out string? text) && Uuid.TryParse(text, out var account)
            ? account.ToString()
            : throw ImgapiException.Invalid("acl", "must be a list of UUIDs"))];
        await call.Answer(await images.Update(uuid, i => ImageChanges.ChangeAcl(i, accounts, remove), call.Stop).ConfigureAwait(false)).ConfigureAwait(false);
    }

    public async Task Delete(Call call, Uuid uuid)
    {
        var image = Owned(call, uuid);
        if (settings.Channels.Of(call.Query("channel")) is { } channel && !call.QueryFlag("force_all_channels")
            && ImageChanges.WithoutChannel(image, channel) is not null)
        {
            _ = await images.Update(uuid, i => ImageChanges.WithoutChannel(i, channel) ?? i, call.Stop).ConfigureAwait(false);
        }
        else
        {
            await images.Remove(uuid, _ => { }, call.Stop).ConfigureAwait(false);
        }
        call.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    /// <summary>The image, if it is here (or comes from the server that this one mirrors) and whoever asks may see it.</summary>
    public async Task<StoredImage> Seen(Call call, Uuid uuid) =>
        Here(call, uuid) is { } image ? image
        : mirror is not null && await mirror.Find(uuid, call.Stop).ConfigureAwait(false) is { } there && call.Viewer.Sees(there) ? there
        : throw ImgapiException.NotFound($"image {uuid}");

    /// <summary>The image, if whoever asks may change it.</summary>
    public StoredImage Owned(Call call, Uuid uuid)
    {
        call.RequireKey();
        var image = Here(call, uuid) ?? throw ImgapiException.NotFound($"image {uuid}");
        return call.Viewer.Owns(image) ? image : throw new ImgapiException("NotImageOwner", $"account {call.Account} is not the owner of image {image}");
    }

    private StoredImage? Here(Call call, Uuid uuid) =>
        images.Index.Find(uuid) is { } image && call.Viewer.Sees(image) && (settings.Channels.Of(call.Query("channel")) is not { } channel || image.IsIn(channel))
            ? image
            : null;

    private async Task<StoredImage> Import(Call call, Uuid uuid)
    {
        var said = await call.ReadObject().ConfigureAwait(false);
        if (Text(said, "uuid") is { } named && named != uuid.ToString())
        {
            throw ImgapiException.Invalid("uuid", $"is {named} in the manifest, and {uuid} in the request");
        }
        return await images.Add(ImageChanges.Make(said, uuid, isImport: true, null, settings.Channels.Of(call.Query("channel")), Now), call.Stop).ConfigureAwait(false);
    }

    private async Task<StoredImage> ImportRemote(Call call, Uuid uuid)
    {
        if (images.Index.Find(uuid) is not null)
        {
            throw new ImgapiException("ImageUuidAlreadyExists", $"image {uuid} is here already");
        }
        string source = call.Query("source") ?? throw ImgapiException.Invalid("source", "has to be said: the URL of an image server", "Missing");
        using var remote = new Mirror.MirrorSource(images, Images.Sources.ImageSource.Parse(source), settings, clock, _ => { });
        return await remote.Bring(uuid, call.Stop).ConfigureAwait(false);
    }

    private string Now => Time(clock.GetUtcNow());

    internal static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture);

    private static string? Text(JsonObject json, string key) => json[key] is JsonValue v && v.TryGetValue(out string? text) ? text : null;
}
