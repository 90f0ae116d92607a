import { Module } from '@nestjs/common'
import { FETCH, KratosClient } from './kratos.client'
import { SessionGuard } from './session.guard'

@Module({
  providers: [KratosClient, SessionGuard, { provide: FETCH, useValue: globalThis.fetch }],
  exports: [KratosClient, SessionGuard],
})
export class AuthModule {}
