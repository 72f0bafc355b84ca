using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Images.Model;

namespace Lumos.Imgapi.Model;

/// <summary>
/// What may become of an image: made (unactivated) → given a file, as often as one likes → activated, for good; disabled and
/// enabled, before and after. Pure: an image and what is asked of it give another image, or an <see cref="ImgapiException"/>.
/// </summary>
public static class ImageChanges
{
    public const string Unactivated = "unactivated", Active = "active", Disabled = "disabled";

    /// <summary>Whose images are that say no owner: a server without a list of users knows none.</summary>
    private static readonly string Nobody = Uuid.Zero.ToString();

    /// <summary>What the server says of an image; a manifest that is sent may contain it, and it counts for nothing.</summary>
    private static readonly string[] Ours = ["state", "activated", "icon", "channels", "error", "created_at", "urn"];

    /// <summary>Where another server has a file is nothing that this one says.</summary>
    private static readonly string[] OfOtherServers = ["stor", "contentMD5", "path", "url"];

    private static readonly string[] Mutable =
    [
        "owner", "description", "homepage", "eula", "public", "type", "os", "acl", "requirements", "users", "billing_tags", "traits", "tags",
        "inherited_directories", "generate_passwords", "nic_driver", "disk_driver", "cpu_type", "image_size",
    ];

    /// <summary>A new image, unactivated and without a file.</summary>
    /// <param name="said">The manifest that was sent.</param>
    /// <param name="uuid">Its UUID.</param>
    /// <param name="isImport">It has been published elsewhere, and keeps its time of publication.</param>
    /// <param name="owner">Where the manifest names none; null: nobody.</param>
    /// <param name="channel">The channel it begins in; null: the server has none.</param>
    /// <param name="now">ISO time.</param>
    public static StoredImage Make(JsonObject said, Uuid uuid, bool isImport, string? owner, string? channel, string now)
    {
        if (!isImport && said["uuid"] is not null)
        {
            throw ImgapiException.Invalid("uuid", "is given by the server; POST /images/UUID?action=import keeps the UUID that an image has", "NotAllowed");
        }
        var manifest = new JsonObject { ["v"] = 2, ["uuid"] = uuid.ToString() };
        foreach (var (key, value) in said)
        {
            if (key is not ("uuid" or "files") && !Ours.Contains(key) && (isImport || key != "published_at"))
            {
                manifest[key] = value?.DeepClone();
            }
        }
        manifest["owner"] ??= owner ?? Nobody;
        manifest["public"] ??= true;
        manifest["disabled"] ??= false;
        manifest["state"] = Unactivated;
        manifest["files"] = new JsonArray();
        if (channel is not null)
        {
            manifest["channels"] = new JsonArray(channel);
        }
        // The file is not here yet, but what is said of it has to make sense: it is what the upload is held against.
        var asSaid = (JsonObject)manifest.DeepClone();
        asSaid["files"] = said["files"]?.DeepClone();
        _ = Checked(asSaid);
        return new StoredImage(Checked(manifest), now) { Expected = Expect(said) };
    }

    /// <summary>An image of the server that this one mirrors, as it is there.</summary>
    public static StoredImage Mirrored(ImageManifest there, string? channel, string now, StoredFile? file)
    {
        var manifest = there.ToJson();
        manifest["owner"] ??= Nobody;
        manifest["public"] ??= true;
        manifest["disabled"] ??= false;
        manifest["state"] ??= Active;
        manifest.Remove("icon");
        manifest.Remove("channels");
        if (channel is not null)
        {
            manifest["channels"] = new JsonArray(channel);
        }
        if (file is not null && manifest["files"] is JsonArray { Count: > 0 } files && files[0] is JsonObject entry)
        {
            entry["sha256"] = file.Sha256;
        }
        return new StoredImage(manifest, now) { File = file, Expected = Expect(manifest) };
    }

    /// <summary>An image whose file has come.</summary>
    public static StoredImage WithFile(StoredImage image, StoredFile file, string compression, string? datasetGuid)
    {
        RequireUnactivated(image);
        var manifest = image.Manifest;
        var entry = image.Expected.Said is { } said ? (JsonObject)JsonNode.Parse(said)! : []; // what else was said of it stays
        foreach (string key in OfOtherServers)
        {
            entry.Remove(key);
        }
        entry["sha1"] = file.Sha1;
        entry["size"] = file.Size;
        entry["compression"] = compression;
        entry["sha256"] = file.Sha256;
        if (datasetGuid is not null)
        {
            entry["dataset_guid"] = datasetGuid;
        }
        manifest["files"] = new JsonArray(entry);
        return With(image, Checked(manifest), file, image.Icon, image.IconType);
    }

    public static void RequireUnactivated(StoredImage image)
    {
        if (image.IsActivated)
        {
            throw new ImgapiException("ImageFilesImmutable", $"image {image} is activated: its file is for good; make another image of the new file");
        }
    }

    /// <param name="find">The other images, for its origin.</param>
    public static StoredImage Activate(StoredImage image, Func<Uuid, StoredImage?> find, string now)
    {
        if (image.IsActivated)
        {
            throw new ImgapiException("ImageAlreadyActivated", $"image {image} is activated already");
        }
        if (image.File is null)
        {
            throw new ImgapiException("NoActivationNoFile", $"image {image} has no file: PUT /images/{image.Uuid}/file first");
        }
        if (image.Origin is { } origin && find(origin) is not { IsActivated: true })
        {
            throw new ImgapiException("OriginIsNotActive", $"image {image} is an increment of image {origin}, which is not activated here");
        }
        var manifest = image.Manifest;
        manifest["published_at"] ??= now;
        manifest["state"] = image.IsDisabled ? Disabled : Active;
        return With(image, manifest);
    }

    public static StoredImage SetDisabled(StoredImage image, bool disabled)
    {
        var manifest = image.Manifest;
        manifest["disabled"] = disabled;
        manifest["state"] = !image.IsActivated ? Unactivated : disabled ? Disabled : Active;
        return With(image, manifest);
    }

    /// <summary>Other values for fields that may change; null takes a field away.</summary>
    public static StoredImage Update(StoredImage image, JsonObject said)
    {
        if (said.Count == 0)
        {
            throw new ImgapiException("ValidationFailed", $"nothing is said that should change of image {image}");
        }
        var faults = said.Select(p => p.Key).Where(key => !Mutable.Contains(key))
            .Select(key => new FieldFault(key, "NotAllowed", $"{key} of an image cannot be changed")).ToList();
        if (faults.Count > 0)
        {
            throw new ImgapiException("ValidationFailed", string.Join("; ", faults.Select(f => f.Message)), faults);
        }
        var manifest = image.Manifest;
        foreach (var (key, value) in said)
        {
            if (value is null)
            {
                manifest.Remove(key);
            }
            else
            {
                manifest[key] = value.DeepClone();
            }
        }
        manifest["owner"] ??= Nobody;
        manifest["public"] ??= true;
        return With(image, Checked(manifest));
    }

    /// <summary>Adds to or removes from the accounts that may see a private image.</summary>
    public static StoredImage ChangeAcl(StoredImage image, IReadOnlyList<string> accounts, bool remove)
    {
        var manifest = image.Manifest;
        var acl = remove ? image.Acl.Except(accounts) : image.Acl.Union(accounts);
        manifest["acl"] = new JsonArray([.. acl.Select(a => (JsonNode)a)]);
        return With(image, Checked(manifest));
    }

    public static StoredImage WithIcon(StoredImage image, StoredFile? icon, string? type)
    {
        var manifest = image.Manifest;
        manifest["icon"] = icon is not null;
        return With(image, manifest, image.File, icon, type);
    }

    public static StoredImage WithChannel(StoredImage image, string channel)
    {
        var manifest = image.Manifest;
        manifest["channels"] = new JsonArray([.. image.Channels.Union([channel]).Select(c => (JsonNode)c)]);
        return With(image, manifest);
    }

    /// <summary>Null: it was in no other channel, so nothing is left of it.</summary>
    public static StoredImage? WithoutChannel(StoredImage image, string channel)
    {
        string[] left = [.. image.Channels.Except([channel])];
        if (left.Length == 0)
        {
            return null;
        }
        var manifest = image.Manifest;
        manifest["channels"] = new JsonArray([.. left.Select(c => (JsonNode)c)]);
        return With(image, manifest);
    }

    private static StoredImage With(StoredImage image, JsonObject manifest) => With(image, manifest, image.File, image.Icon, image.IconType);

    private static StoredImage With(StoredImage image, JsonObject manifest, StoredFile? file, StoredFile? icon, string? iconType) =>
        new(manifest, image.CreatedAt) { File = file, Icon = icon, IconType = iconType, Expected = image.Expected };

    private static ExpectedFile Expect(JsonObject said) => ExpectedFile.Of(said["files"] is JsonArray { Count: 1 } files ? files[0] as JsonObject : null);

    /// <summary>As it will be read again: numbers that were put in by us are then like those that came from outside.</summary>
    private static JsonObject Checked(JsonObject manifest)
    {
        var read = (JsonObject)JsonPath.Parse(JsonPath.Compact(manifest))!;
        return ManifestRules.Check(read) is { Count: > 0 } faults ? throw ImgapiException.InvalidManifest(faults) : read;
    }
}
