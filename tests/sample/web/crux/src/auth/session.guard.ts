import {
  CanActivate,
  createParamDecorator,
  ExecutionContext,
  Injectable,
  ServiceUnavailableException,
  UnauthorizedException,
} from '@nestjs/common'
import { Request } from 'express'
import { Identity } from './identity'
import { KratosClient, KratosUnavailableError } from './kratos.client'

type AuthenticatedRequest = Request & { identity?: Identity }

/** Lets only those through whose cookie Kratos knows, and remembers who they are. */
@Injectable()
export class SessionGuard implements CanActivate {
  constructor(private readonly kratos: KratosClient) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>()

    const { cookie } = request.headers
    const identity = cookie ? await this.ask(cookie) : null
    if (!identity) {
      throw new UnauthorizedException('Sign in first.')
    }

    request.identity = identity
    return true
  }

  private async ask(cookie: string): Promise<Identity | null> {
    try {
      return await this.kratos.whoami(cookie)
    } catch (err) {
      if (err instanceof KratosUnavailableError) {
        throw new ServiceUnavailableException('The sign-in service does not answer. Try again in a moment.')
      }
      throw err
    }
  }
}

/** The signed-in caller, in a route that SessionGuard protects. */
export const CurrentIdentity = createParamDecorator((_: unknown, context: ExecutionContext): Identity => {
  const { identity } = context.switchToHttp().getRequest<AuthenticatedRequest>()
  if (!identity) {
    throw new Error('CurrentIdentity is used in a route without SessionGuard')
  }
  return identity
})
